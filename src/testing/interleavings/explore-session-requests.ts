import { fail, ok } from 'node:assert/strict';
import { exploreInterleavings, type Explored, type Interleavings } from './explore-interleavings.js';
import type { SessionStorage } from '../../storage/session-storage.js';
import { wrappedStorage } from '../../storage/wrapped-storage.js';
import { checkFaultyRequests } from './check-faulty-requests.js';
import { referenceSessionAlgorithm } from './reference-session-algorithm.js';
import type { RequestKind, SessionAlgorithm, SessionAnswer, SessionRequest } from './session-algorithm.js';

export interface SessionRequests extends Pick<
  Interleavings<unknown, unknown>,
  'open' | 'through' | 'processes' | 'faults' | 'sample' | 'maxOrders'
> {
  readonly requests: readonly RequestKind[];
  /** Default {@link referenceSessionAlgorithm}. */
  readonly algorithm?: SessionAlgorithm;
  /** All changes set the same field. */
  readonly sameField?: boolean;
  /**
   * `end-of-id`: all, but an end does not follow a rotated session. `end-only`: an ended id stays ended. `grace`: as
   * `everything`, and a rotation within one owner makes no request anonymous.
   */
  readonly promise?: 'everything' | 'grace' | 'end-of-id' | 'end-only';
}

const OWNER = 'owner';
const NEXT_OWNER = 'next owner';

/**
 * Checks in every order of storage calls, see {@link exploreInterleavings}:
 *
 * - an ended session stays ended, under every id that it had;
 * - an acknowledged update is stored, or overwritten in the same field, or the session ended;
 * - a session that was not ended exists once, under the last cookie;
 * - no response clears the cookie of a live session or sends that of an ended one.
 *
 * With `faults` it checks the promises in docs/your-own-parts.md instead.
 */
export async function exploreSessionRequests(options: SessionRequests): Promise<Explored> {
  const algorithm = options.algorithm ?? referenceSessionAlgorithm;
  const requestOf = (index: number, cookie: string): SessionRequest => ({
    kind: options.requests[index]!,
    cookie,
    field: options.sameField ? 'field' : `field${index}`,
    value: `value${index}`,
    owner: options.requests[index] === 'login' ? NEXT_OWNER : OWNER,
  });
  let written = new Set<string>();
  const seen = (storage: SessionStorage): SessionStorage => watched(storage, (id) => written.add(id));
  const { through } = options;
  return exploreInterleavings<Prepared, SessionAnswer>({
    async open() {
      written = new Set();
      const opened = await options.open();
      const close = (): unknown => opened.close?.();
      return { storage: through ? opened.storage : seen(opened.storage), close };
    },
    ...(through && { through: (storage) => seen(through(storage)) }),
    ...(options.processes && { processes: options.processes }),
    ...(options.faults && { faults: options.faults }),
    ...(options.sample && { sample: options.sample }),
    ...(options.maxOrders !== undefined && { maxOrders: options.maxOrders }),
    async prepare(storage) {
      const cookie = await algorithm.begin(storage, OWNER);
      return { cookie, before: options.faults && (await algorithm.inspect(storage, cookie)) };
    },
    requests: options.requests.map(
      (_kind, index) =>
        (storage, { cookie }) =>
          algorithm.perform(storage, requestOf(index, cookie)),
    ),
    async check({ storage, context: { cookie, before }, results, order }) {
      const requests = options.requests.map((_kind, index) => requestOf(index, cookie));
      if (options.faults) {
        const { sameField = false } = options;
        const owners = [OWNER, NEXT_OWNER];
        await checkFaultyRequests({
          algorithm,
          storage,
          requests,
          results,
          order,
          sameField,
          owners,
          before,
          written,
        });
        return;
      }
      const done = results.map((result, index) => {
        if (result.status === 'rejected') throw result.reason;
        return { request: requests[index]!, answer: result.value };
      });
      const cookies = [cookie, ...done.flatMap(({ answer }) => answer.cookie ?? [])];
      const sessions = new Map<string, Readonly<Record<string, string>>>();
      for (const each of cookies) {
        const fields = await algorithm.inspect(storage, each);
        if (fields) sessions.set(each, fields);
      }
      checkSessions({ first: cookie, done, sessions, promise: options.promise ?? 'everything' });
    },
  });
}

interface Prepared {
  readonly cookie: string;
  readonly before: Readonly<Record<string, string>> | undefined;
}

function watched(storage: SessionStorage, onWrite: (id: string) => void): SessionStorage {
  return wrappedStorage(storage, (name, call, id) => {
    if (id !== undefined && (name === 'create' || name === 'write')) onWrite(id);
    return call();
  });
}

interface Ending {
  readonly first: string;
  readonly done: ReadonlyArray<{ readonly request: SessionRequest; readonly answer: SessionAnswer }>;
  readonly sessions: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly promise: NonNullable<SessionRequests['promise']>;
}

function checkSessions(ending: Ending): void {
  const { first, done, sessions, promise } = ending;
  const acknowledged = (kind: RequestKind): boolean =>
    done.some(({ request, answer }) => request.kind === kind && answer.acknowledged);
  const rotated = done.filter(
    ({ request, answer }) =>
      isRotation(request.kind) && answer.acknowledged && (promise !== 'grace' || answer.cookie !== undefined),
  );
  const isRevoked = acknowledged('revoke') || acknowledged('revoke-all');
  const mayHaveEnded = acknowledged('logout') || isRevoked;
  if (acknowledged('logout')) ok(!sessions.has(first), 'an ended session exists again');
  if (isRevoked) ok(!sessions.has(first), 'a session that its owner ended exists again');
  if (promise === 'end-only') return;

  // A revoke removes the mark that leads to the next owner.
  const traceable = !(isRevoked && acknowledged('login'));
  const isFollowed = promise === 'everything' || promise === 'grace';
  if (isFollowed && acknowledged('logout') && traceable) {
    ok(sessions.size === 0, 'an ended session exists under another id');
  }
  if (isRevoked && rotated.every(({ request }) => request.kind !== 'login')) {
    ok(sessions.size === 0, 'a session that its owner ended exists under another id');
  }
  ok(rotated.length <= 1, 'two rotations of one session were acknowledged');
  ok(sessions.size <= 1, 'one session has become two');
  const current = rotated[0]?.answer.cookie ?? first;
  for (const cookie of sessions.keys()) ok(cookie === current, 'a session exists under an unused id');
  if (!mayHaveEnded) ok(sessions.has(current), 'a session is gone that was not ended');
  for (const { request, answer } of done) {
    const cleared = answer.cookie === null && request.kind !== 'logout';
    if (cleared) ok(mayHaveEnded || rotated.length > 0, 'the cookie of a live session was cleared');
  }
  checkUpdates(ending, sessions.get(current));
  if (promise === 'grace') checkGrace(ending);
}

function checkGrace({ done }: Ending): void {
  const ends: ReadonlySet<RequestKind> = new Set(['login', 'logout', 'revoke']);
  if (done.some(({ request }) => ends.has(request.kind))) return;
  for (const { request, answer } of done) {
    ok(!answer.anonymous, `a ${request.kind} was anonymous after a rotation within one owner`);
  }
}

function checkUpdates({ done }: Ending, fields: Readonly<Record<string, string>> | undefined): void {
  if (!fields) return;
  const updates = done.filter(({ request, answer }) => request.kind === 'change' && answer.acknowledged);
  for (const { request } of updates) {
    const rivals = updates.filter((update) => update.request.field === request.field);
    if (!rivals.some((rival) => fields[request.field] === rival.request.value)) {
      fail('an acknowledged update is lost');
    }
  }
}

function isRotation(kind: RequestKind): boolean {
  return kind === 'rotate' || kind === 'login';
}

export function requestsOf(kinds: readonly RequestKind[], count: number): RequestKind[][] {
  if (count === 0) return [[]];
  return kinds.flatMap((kind, index) => requestsOf(kinds.slice(index), count - 1).map((rest) => [kind, ...rest]));
}
