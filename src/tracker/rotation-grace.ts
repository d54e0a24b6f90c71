import type { SessionSerializer } from '../serializer/session-serializer.js';
import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { StoredSession } from '../storage/session-storage.js';
import type { SessionDetails } from './session-details.js';
import type { SessionLifetime, SessionTimes } from './session-lifetime.js';
import {
  isEnded,
  isRotated,
  isUndone,
  retiredOf,
  type OpenedRecord,
  type RetiredRecord,
  type SessionRecords,
} from './session-records.js';

/** How rotated ids are treated. */
export interface RotationOptions {
  /** Seconds for which a rotated id still gives its session. `0`: none. */
  readonly graceInSeconds: number;
  /** What happens when an id is received after its grace period. `revoke`: its session is ended. */
  readonly onReplay: 'ignore' | 'revoke';
}

/** Options of {@link RotationGrace}. */
export interface RotationGraceParts<S extends object> extends Pick<RotationOptions, 'graceInSeconds'> {
  readonly storage: ConditionalSessionStorage;
  readonly records: SessionRecords;
  readonly lifetime: SessionLifetime;
  readonly serializer: SessionSerializer<S>;
  readonly ownerOf: (value: S) => string | undefined;
  readonly now: () => number;
}

/** The session of an old id. */
export interface Successor {
  /** The key of its present id. */
  readonly storedId: string;
  readonly stored: StoredSession;
  readonly opened: OpenedRecord;
  /** The details for a request with the old id: its authentication is that of before the rotation. */
  readonly details: SessionDetails | undefined;
  /** The rotation may still be undone: no writes. */
  readonly isPending: boolean;
}

interface LastRecord {
  readonly storedId: string;
  readonly stored: StoredSession;
  /** When the session got this id. */
  readonly rotatedAt: number;
}

/** Maximum number of rotations that are followed. */
const MOST_ROTATIONS = 8;
/** Milliseconds after the grace period in which an id is recognized. */
const REPLAY_SEEN_FOR_MILLISECONDS = 50_000;
/** The same with `onReplay: 'revoke'`, unless the session ends earlier. */
const REPLAY_REVOKED_FOR_MILLISECONDS = 24 * 3_600_000;

/** `details` for a request with a rotated id: with the authentication of `before`. */
export function authenticatedAs(before: SessionTimes, details: SessionDetails | undefined): SessionDetails {
  const { authenticatedAt = before.createdAt, methods } = before.details ?? {};
  return { ...details, authenticatedAt, methods };
}

/**
 * Milliseconds for which the record of a rotated id is kept.
 * @param before the session before the rotation.
 */
export function retiredFor(
  { graceInSeconds, onReplay }: RotationOptions,
  lifetime: SessionLifetime,
  before: SessionTimes,
  now: number,
): number {
  const seen = graceInSeconds * 1000 + REPLAY_SEEN_FOR_MILLISECONDS;
  if (onReplay === 'ignore') return seen;
  return Math.max(seen, Math.min(lifetime.expiresAt(before) - now, REPLAY_REVOKED_FOR_MILLISECONDS));
}

/**
 * Accepts a rotated id for a short time: a page sends several requests at once, and one of them may rotate the id. Only
 * for rotations that keep the owner. An id from before a login is refused, since an attacker may have planted it (OWASP
 * Session Management Cheat Sheet, "Renew the Session ID After Any Privilege Level Change").
 */
export class RotationGrace<S extends object> {
  readonly #parts: RotationGraceParts<S>;

  constructor(parts: RotationGraceParts<S>) {
    this.#parts = parts;
  }

  /**
   * @param retired the record of the old id.
   * @returns the session; `replayed` after its grace period; `undefined` if the old id is not accepted.
   */
  async follow(retired: StoredSession): Promise<Successor | 'replayed' | undefined> {
    const { records, now, graceInSeconds } = this.#parts;
    const first = retiredOf(retired.value);
    if (!first.hasGrace) return undefined;
    if (now() >= first.rotatedAt + graceInSeconds * 1000) return 'replayed';
    const before = records.before(first);
    const owner = before && this.#ownerIn(before);
    if (!before || owner === UNREADABLE) return undefined;
    const last = await this.#last(first);
    return last && this.#successor(last, before, owner);
  }

  /**
   * Finds the session of an id that was received after its grace period.
   * @returns its key in the storage; `undefined` if it has ended or has another owner.
   */
  async familyOf(retired: StoredSession): Promise<string | undefined> {
    return (await this.#last(retiredOf(retired.value)))?.storedId;
  }

  /** The live record at the end of rotations within one owner. */
  async #last(first: RetiredRecord): Promise<LastRecord | undefined> {
    let retired = first;
    for (let rotations = 0; rotations < MOST_ROTATIONS && retired.hasGrace; rotations++) {
      const storedId = retired.successor;
      const stored = await this.#parts.storage.read(storedId);
      if (!stored || isEnded(stored.value) || isUndone(stored.value)) return undefined;
      if (!isRotated(stored.value)) return { storedId, stored, rotatedAt: retired.rotatedAt };
      retired = retiredOf(stored.value);
    }
    return undefined;
  }

  #successor(
    { storedId, stored, rotatedAt }: LastRecord,
    before: OpenedRecord,
    owner: string | undefined,
  ): Successor | undefined {
    const { records, lifetime, now } = this.#parts;
    const opened = records.open(stored);
    if (!opened || !lifetime.isAlive(opened, now()) || this.#ownerIn(opened) !== owner) return undefined;
    const isPending = records.isPending(stored, { ...opened, renewedAt: rotatedAt });
    return { storedId, stored, opened, details: authenticatedAs(before, opened.details), isPending };
  }

  #ownerIn({ text }: OpenedRecord): string | undefined {
    const { serializer, ownerOf } = this.#parts;
    try {
      return ownerOf(serializer.deserialize(text));
    } catch {
      return UNREADABLE;
    }
  }
}

const UNREADABLE = '\0unreadable';
