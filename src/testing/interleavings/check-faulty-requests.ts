import { deepEqual, ok } from 'node:assert/strict';
import type { SessionStorage } from '../../storage/session-storage.js';
import { ProcessDied } from './call-outcome.js';
import type { RequestKind, SessionAlgorithm, SessionAnswer, SessionRequest } from './session-algorithm.js';

type Fields = Readonly<Record<string, string>>;
type Sessions = ReadonlyMap<string, Fields>;

interface FaultyRequests {
  readonly algorithm: SessionAlgorithm;
  readonly storage: SessionStorage;
  readonly requests: readonly SessionRequest[];
  readonly results: ReadonlyArray<PromiseSettledResult<SessionAnswer>>;
  readonly order: readonly string[];
  readonly sameField: boolean;
  readonly owners: readonly string[];
  readonly before: Fields | undefined;
  readonly written: ReadonlySet<string>;
}

interface Done {
  readonly request: SessionRequest;
  readonly answer?: SessionAnswer;
  readonly died: boolean;
}

interface Ending extends FaultyRequests {
  readonly first: string;
  readonly done: readonly Done[];
  readonly sessions: Sessions;
  readonly others: Sessions;
}

const ENDS: ReadonlySet<RequestKind> = new Set(['logout', 'revoke', 'revoke-all', 'revoke-one']);
const ROTATIONS: ReadonlySet<RequestKind> = new Set(['rotate', 'login']);
const ENDING_OR_MOVING: ReadonlySet<RequestKind> = new Set([...ENDS, ...ROTATIONS, 'limit']);

const MAX_LIFE_WITHOUT_COOKIE_IN_MILLISECONDS = 60_000;
const TOLERANCE_IN_MILLISECONDS = 1000;

/** @throws an `AssertionError` that names the broken promise. */
export async function checkFaultyRequests(faulty: FaultyRequests): Promise<void> {
  const { algorithm, storage, requests, results, order } = faulty;
  const first = requests[0]!.cookie;
  const done = results.map((result, index): Done => {
    const request = requests[index]!;
    if (result.status === 'fulfilled') return { request, answer: result.value, died: false };
    const isDead = order.some((step) => step.startsWith(`${index} `) && step.endsWith(' (death)'));
    return { request, died: isDead || result.reason instanceof ProcessDied };
  });
  const cookiesOf = (isLimit: boolean): string[] =>
    done.flatMap(({ request, answer }) => ((request.kind === 'limit') === isLimit ? (answer?.cookie ?? []) : []));
  const sessions = await sessionsOf(algorithm, storage, [first, ...cookiesOf(false)]);
  const others = await sessionsOf(algorithm, storage, cookiesOf(true));
  const ending: Ending = { ...faulty, first, done, sessions, others };
  checkEnds(ending);
  checkDeletes(ending);
  checkFailedLogins(ending);
  await checkGhosts(ending);
  checkKept(ending);
  checkChanges(ending);
  checkLimits(ending);
  checkCookies(ending);
  await checkLists(ending);
}

async function sessionsOf(
  algorithm: SessionAlgorithm,
  storage: SessionStorage,
  cookies: Iterable<string>,
): Promise<Sessions> {
  const sessions = new Map<string, Fields>();
  for (const cookie of new Set(cookies)) {
    const fields = await algorithm.inspect(storage, cookie);
    if (fields) sessions.set(cookie, fields);
  }
  return sessions;
}

function checkEnds({ first, done, sessions, order }: Ending): void {
  const includes = (kind: RequestKind): boolean => done.some(({ request }) => request.kind === kind);
  // A revocation does not apply after a login to another owner.
  const isFollowed = !(includes('login') && (includes('revoke') || includes('revoke-all')));
  for (const [index, { request, answer }] of done.entries()) {
    if (!ENDS.has(request.kind) || !answer?.acknowledged) continue;
    ok(!sessions.has(first), `promise 1: a ${request.kind} was not final`);
    // After two failures the session is deleted without a mark.
    const isMarked = faultsOf(index, order) <= 1;
    if (isFollowed && isMarked) ok(sessions.size === 0, `promise 1: the session lives on after a ${request.kind}`);
  }
}

function faultsIn(order: readonly string[]): readonly string[] {
  return order.filter((step) => /\(\w+\)$/.test(step));
}

function faultsOf(index: number, order: readonly string[]): number {
  return faultsIn(order).filter((step) => step.startsWith(`${index} `)).length;
}

function onlyRefusal(order: readonly string[]): string | undefined {
  const faults = faultsIn(order);
  return faults.length === 1 ? /^(.*) \(refused\)$/.exec(faults[0]!)?.[1] : undefined;
}

function checkDeletes({ order, done }: Ending): void {
  const refusal = onlyRefusal(order);
  for (const [index, { request, answer }] of done.entries()) {
    if (request.kind === 'logout' && refusal === `${index} replace`) {
      ok(answer, 'promise 2: a logout failed although the storage could delete');
    }
  }
}

function endingOrMovingOf(done: readonly Done[]): readonly Done[] {
  return done.filter(({ request }) => ENDING_OR_MOVING.has(request.kind));
}

function checkFailedLogins({ first, done, sessions, before, order }: Ending): void {
  const candidates = endingOrMovingOf(done);
  const [login] = candidates;
  if (candidates.length !== 1 || login!.answer || login!.died || ENDS.has(login!.request.kind)) return;
  // Otherwise it is undone later.
  if (faultsOf(done.indexOf(login!), order) > 1) return;
  const fields = sessions.get(first);
  ok(fields, `promise 3: a ${login!.request.kind} that failed took the session away`);
  const changed = new Set(done.map(({ request }) => (request.kind === 'change' ? request.field : '')));
  const unchanged = Object.entries(fields).filter(([field]) => !changed.has(field));
  deepEqual(
    Object.fromEntries(unchanged),
    before,
    `promise 3: a ${login!.request.kind} that failed changed the session`,
  );
}

/** Sessions without a client must expire within a minute. */
async function checkGhosts({ first, done, sessions, others, storage, written, order }: Ending): Promise<void> {
  const isMoved = done.some(({ request, answer }) => ROTATIONS.has(request.kind) && answer?.acknowledged);
  const withCookie = sessions.size - (isMoved && sessions.has(first) ? 1 : 0) + others.size;
  const outliving = await outlivingOf(storage, written);
  const deaths = faultsIn(order).length > 1 ? done.filter(({ died }) => died).length : 0;
  ok(outliving <= withCookie + deaths, 'promise 3: a session without a cookie lives longer than a minute');
}

async function outlivingOf(storage: SessionStorage, written: Iterable<string>): Promise<number> {
  let count = 0;
  for (const id of written) {
    const stored = await storage.read(id);
    if (stored && stored.expiresAt > Date.now() + MAX_LIFE_WITHOUT_COOKIE_IN_MILLISECONDS + TOLERANCE_IN_MILLISECONDS)
      count++;
  }
  return count;
}

function checkKept({ first, done, sessions, others }: Ending): void {
  const candidates = endingOrMovingOf(done);
  const [candidate] = candidates;
  if (candidates.length === 0) ok(sessions.has(first), 'promise 4: a session that was not ended is gone');
  const cookie = candidate?.answer?.cookie;
  if (candidates.length === 1 && cookie) {
    const kept = candidate.request.kind === 'limit' ? others : sessions;
    ok(kept.has(cookie), `promise 4: the session of a successful ${candidate.request.kind} is gone`);
  }
  const moved = done.filter(({ request, answer }) => ROTATIONS.has(request.kind) && answer?.cookie);
  ok(moved.length <= 1, 'promise 4: two rotations of one session were both acknowledged');
}

function checkChanges({ sameField, done, sessions, order }: Ending): void {
  if (sameField) return;
  const kept = [...sessions.values()];
  for (const [index, { request, answer }] of done.entries()) {
    if (request.kind !== 'change' || !answer) continue;
    const isKept = (fields: Fields): boolean => fields[request.field] === request.value;
    if (answer.acknowledged) {
      ok(kept.every(isKept), 'promise 4: a successful change is not stored');
    } else if (faultsOf(index, order) === 0) {
      ok(!kept.some(isKept), 'promise 4: a change that was reported as dropped is stored');
    }
  }
}

function checkLimits({ first, done, sessions, others }: Ending): void {
  if (!done.some(({ request, answer }) => request.kind === 'limit' && answer?.acknowledged)) return;
  const logins = done.filter(({ request }) => request.kind === 'login');
  const ofNextOwner = new Set(logins.map(({ answer }) => answer?.cookie));
  // A failed login may leave the session to the first owner.
  if (logins.some(({ answer }) => !answer)) ofNextOwner.add(first);
  const own = [...sessions.keys()].filter((cookie) => !ofNextOwner.has(cookie));
  ok(own.length + others.size <= 1, 'promise 5: an owner has more sessions than maxPerOwner');
}

function checkCookies({ first, done, sessions }: Ending): void {
  const mayHaveEnded = endingOrMovingOf(done).length > 0;
  for (const { request, answer } of done) {
    if (request.kind !== 'logout' && answer?.cookie === null) {
      ok(mayHaveEnded && !sessions.has(first), 'promise 6: the cookie of a live session was cleared');
    }
    if (!ROTATIONS.has(request.kind) && request.kind !== 'limit' && answer?.acknowledged) {
      ok(answer.cookie === undefined || answer.cookie === null || answer.cookie === first, 'promise 6: foreign cookie');
    }
  }
}

async function checkLists({ algorithm, storage, owners, requests, sessions, others, written }: Ending): Promise<void> {
  for (const owner of owners) await algorithm.perform(storage, { ...requests[0]!, kind: 'revoke', owner });
  const left = await sessionsOf(algorithm, storage, [...sessions.keys(), ...others.keys()]);
  ok(
    left.size === 0 && (await outlivingOf(storage, written)) === 0,
    "promise 5: the owner's list does not find a session that can be used",
  );
}
