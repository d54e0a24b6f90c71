import { randomBytes } from 'node:crypto';
import { EMPTY_CALL as call } from '../../call/session-call.js';
import type { FieldwiseSessionSerializer } from '../../serializer/session-serializer.js';
import { isConditional } from '../../storage/session-storage-guarded.js';
import type { SessionStorage } from '../../storage/session-storage.js';
import type { SessionAlgorithm, SessionAnswer } from './session-algorithm.js';
import { SessionMerge } from '../../tracker/session-merge.js';
import { SessionTrackerById } from '../../tracker/session-tracker-by-id.js';
import type { StoreResult } from '../../tracker/session-tracker.js';

class FieldsSession {
  owner = '';
  [field: string]: string;
}

const serializer: FieldwiseSessionSerializer<FieldsSession> = {
  serialize: (session) => textOf(Object.entries(session)),
  deserialize: (text) => Object.assign(new FieldsSession(), JSON.parse(text)),
  split: (text) => new Map(Object.entries(JSON.parse(text) as Record<string, string>)),
  join: textOf,
  nameOf: (property) => property,
};

function textOf(fields: Iterable<[string, string]>): string {
  return JSON.stringify(Object.fromEntries([...fields].sort(([left], [right]) => (left < right ? -1 : 1))));
}

const TWO_DAYS = 2 * 24 * 3_600_000;

const GRACE_IN_SECONDS = 10;
const HASH_LENGTH = 43;

interface TrackerSettings {
  /** Milliseconds that its clock is ahead. */
  readonly ahead?: number;
  readonly graceInSeconds?: number;
  readonly limit?: number;
  /** Ended sessions leave the reason. */
  readonly explains?: boolean;
}

function trackerOver(
  storage: SessionStorage,
  { ahead = 0, graceInSeconds = 0, limit = 0, explains = false }: TrackerSettings = {},
): SessionTrackerById<FieldsSession> {
  if (!isConditional(storage)) throw new Error('the tracker needs replace');
  return new SessionTrackerById(FieldsSession, serializer, storage, {
    name: 'fields',
    merge: new SessionMerge('fields', serializer, 'mine'),
    ownerOf: (session) => session.owner,
    now: () => Date.now() + ahead,
    pause: () => undefined,
    sessionIdProvider: nextId,
    storedId: (id) => id,
    ...(explains && { explainInSeconds: 60 }),
    ...(limit > 0 && { maxPerOwner: { limit } }),
    ...(graceInSeconds > 0 && { rotation: { graceInSeconds, rotateEveryInSeconds: 0, onReplay: 'ignore' } }),
  });
}

const run = randomBytes(24).toString('base64url');
let ids = 0;

/** Increasing, for the same order in every run. */
function nextId(): string {
  return run + String(ids++).padStart(HASH_LENGTH - run.length, '0');
}

function answerOf(result: StoreResult<FieldsSession>, cookie: string): SessionAnswer {
  if (result.status === 'gone') return { acknowledged: false };
  if (result.status === 'unchanged') return { acknowledged: true };
  return result.transportValue === cookie
    ? { acknowledged: true }
    : { acknowledged: true, cookie: result.transportValue };
}

export const trackerAlgorithm = algorithmWith(0);

export const trackerAlgorithmWithGrace = algorithmWith(GRACE_IN_SECONDS);

export const trackerAlgorithmThatExplains = algorithmWith(0, true);

function algorithmWith(graceInSeconds: number, explains = false): SessionAlgorithm {
  return {
    begin: (storage, owner) => begun(trackerOver(storage), owner),

    async perform(storage, { kind, cookie, field, value, owner }) {
      const tracker = trackerOver(storage, { ahead: kind === 'touch' ? TWO_DAYS : 0, graceInSeconds, explains });
      if (kind === 'revoke') {
        await storage.owners!.invalidateAll(tracker.storedOwnerOf(owner));
        return { acknowledged: true };
      }
      if (kind === 'revoke-all') {
        await tracker.clearByOwner(owner);
        return { acknowledged: true };
      }
      if (kind === 'revoke-one') {
        await tracker.clearByHandle(tracker.handleOf(cookie));
        return { acknowledged: true };
      }
      if (kind === 'limit') {
        return {
          acknowledged: true,
          cookie: await begun(trackerOver(storage, { graceInSeconds, explains, limit: 1 }), owner),
        };
      }
      const loaded = await tracker.load(cookie);
      if (loaded.status !== 'loaded') {
        const nothing = { acknowledged: false, anonymous: true };
        return loaded.reason === 'rotated' ? nothing : { ...nothing, cookie: null };
      }
      const previous = loaded.session;
      if (kind === 'logout') {
        await tracker.clear(previous);
        return { acknowledged: true, cookie: null };
      }
      if (kind === 'change') previous.value[field] = value;
      if (kind === 'login') previous.value.owner = owner;
      const rotate = kind === 'rotate' ? { rotate: true } : {};
      return answerOf(await tracker.store({ value: previous.value, previous, call, ...rotate }), cookie);
    },

    async inspect(storage, cookie) {
      const loaded = await trackerOver(storage, { ahead: graceInSeconds * 1000, graceInSeconds, explains }).load(
        cookie,
      );
      return loaded.status === 'loaded' ? Object.fromEntries(Object.entries(loaded.session.value)) : undefined;
    },
  };
}

async function begun(tracker: SessionTrackerById<FieldsSession>, owner: string): Promise<string> {
  const value = Object.assign(new FieldsSession(), { owner });
  const result = await tracker.store({ value, call });
  if (result.status !== 'created') throw new Error('the session was not created');
  return result.transportValue;
}
