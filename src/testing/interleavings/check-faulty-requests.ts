import { ok } from 'node:assert/strict';
import type { SessionStorage } from '../../storage/session-storage.js';
import { ProcessDied } from './call-outcome.js';
import type { RequestKind, SessionAlgorithm, SessionAnswer, SessionRequest } from './session-algorithm.js';

export interface FaultyRequests {
  readonly algorithm: SessionAlgorithm;
  readonly storage: SessionStorage;
  readonly requests: readonly SessionRequest[];
  /** By request. */
  readonly results: ReadonlyArray<PromiseSettledResult<SessionAnswer>>;
  readonly order: readonly string[];
  readonly sameField: boolean;
  readonly owners: readonly string[];
}

interface Done {
  readonly request: SessionRequest;
  readonly answer?: SessionAnswer;
  readonly died: boolean;
}

type Sessions = ReadonlyMap<string, Readonly<Record<string, string>>>;

const ENDS: ReadonlySet<RequestKind> = new Set(['logout', 'revoke']);
const ROTATIONS: ReadonlySet<RequestKind> = new Set(['rotate', 'login']);

/** @throws an `AssertionError` that names the broken promise. */
export async function checkFaultyRequests(faulty: FaultyRequests): Promise<void> {
  const { algorithm, storage, requests, results } = faulty;
  const first = requests[0]!.cookie;
  const done = results.map((result, index): Done => {
    const request = requests[index]!;
    if (result.status === 'fulfilled') return { request, answer: result.value, died: false };
    return { request, died: result.reason instanceof ProcessDied };
  });
  const cookies = new Set([first, ...done.flatMap(({ answer }) => answer?.cookie ?? [])]);
  const sessions = await sessionsOf(algorithm, storage, cookies);
  checkEnds(first, done, sessions);
  checkDeletes(faulty, done);
  checkFailedLogins(first, done, sessions);
  checkChanges(faulty, done, sessions);
  checkCookies(first, done, sessions);
  await checkLists(faulty, cookies);
}

async function sessionsOf(
  algorithm: SessionAlgorithm,
  storage: SessionStorage,
  cookies: Iterable<string>,
): Promise<Sessions> {
  const sessions = new Map<string, Readonly<Record<string, string>>>();
  for (const cookie of cookies) {
    const fields = await algorithm.inspect(storage, cookie);
    if (fields) sessions.set(cookie, fields);
  }
  return sessions;
}

function checkEnds(first: string, done: readonly Done[], sessions: Sessions): void {
  const login = done.some(({ request }) => request.kind === 'login');
  for (const { request, answer } of done) {
    if (!ENDS.has(request.kind) || !answer?.acknowledged) continue;
    // A revoke ends the first owner's sessions, not those of a login.
    ok(!sessions.has(first) || (login && request.kind === 'revoke'), `promise 1: a ${request.kind} was not final`);
    if (!login) ok(sessions.size === 0, `promise 1: the session still exists after a ${request.kind}`);
  }
}

/** If the only fault is a refusal, its step, such as `0 replace`. */
function onlyRefusal(order: readonly string[]): string | undefined {
  const faults = order.filter((step) => /\(\w+\)$/.test(step));
  return faults.length === 1 ? /^(.*) \(refused\)$/.exec(faults[0]!)?.[1] : undefined;
}

function checkDeletes({ order }: FaultyRequests, done: readonly Done[]): void {
  const refusal = onlyRefusal(order);
  for (const [index, { request, answer }] of done.entries()) {
    if (request.kind === 'logout' && refusal === `${index} replace`) {
      ok(answer, 'promise 2: a logout failed although the storage could delete');
    }
  }
}

function checkFailedLogins(first: string, done: readonly Done[], sessions: Sessions): void {
  // Other ends and rotations may remove the old id.
  const others = done.filter(({ request }) => ENDS.has(request.kind) || ROTATIONS.has(request.kind));
  const [login] = others;
  if (others.length !== 1 || login!.answer || login!.died || !ROTATIONS.has(login!.request.kind)) return;
  ok(sessions.has(first), `promise 3: a failed ${login!.request.kind} removed the session`);
}

function checkChanges({ sameField }: FaultyRequests, done: readonly Done[], sessions: Sessions): void {
  if (sameField || sessions.size === 0) return;
  const kept = [...sessions.values()];
  for (const { request, answer } of done) {
    if (request.kind !== 'change' || !answer?.acknowledged) continue;
    ok(
      kept.every((fields) => fields[request.field] === request.value),
      'promise 4: a successful change is not stored',
    );
  }
}

function checkCookies(first: string, done: readonly Done[], sessions: Sessions): void {
  const mayHaveEnded = done.some(({ request }) => ENDS.has(request.kind) || ROTATIONS.has(request.kind));
  for (const { request, answer } of done) {
    if (request.kind !== 'logout' && answer?.cookie === null) {
      ok(mayHaveEnded && !sessions.has(first), 'promise 6: the cookie of a live session was cleared');
    }
    if (!ROTATIONS.has(request.kind) && answer?.acknowledged) {
      ok(answer.cookie === undefined || answer.cookie === null || answer.cookie === first, 'promise 6: foreign cookie');
    }
  }
}

/** Ends what the owners' lists find; no client may then hold a session. */
async function checkLists({ algorithm, storage, owners, requests }: FaultyRequests, cookies: Iterable<string>) {
  for (const owner of owners) await algorithm.perform(storage, { ...requests[0]!, kind: 'revoke', owner });
  const left = await sessionsOf(algorithm, storage, cookies);
  ok(left.size === 0, "promise 5: the owner's list lacks a usable session");
}
