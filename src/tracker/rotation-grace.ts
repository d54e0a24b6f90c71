import type { SessionSerializer } from '../serializer/session-serializer.js';
import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { StoredSession } from '../storage/session-storage.js';
import type { SessionDetails } from './session-details.js';
import { CLOCK_SKEW_IN_MILLISECONDS, type SessionLifetime, type SessionTimes } from './session-lifetime.js';
import {
  isEnded,
  isRotated,
  isUndone,
  PENDING_FOR_MILLISECONDS,
  retiredOf,
  type OpenedRecord,
  type RetiredRecord,
  type SessionRecords,
} from './session-records.js';

/** How rotated ids are treated. */
export interface RotationOptions {
  /** Seconds for which an id still gives its session after the session got a new one. `0`: none. */
  readonly graceInSeconds: number;
  /** What happens when an id comes back after its grace period. `revoke`: its session is ended. */
  readonly onReplay: 'ignore' | 'revoke';
}

/** What {@link RotationGrace} works with. */
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
  /** The stored name of its present id. */
  readonly storedId: string;
  readonly stored: StoredSession;
  readonly opened: OpenedRecord;
  /** What a request with the old id sees: authenticated as it was before the rotation. */
  readonly details: SessionDetails | undefined;
  /** The rotation may still be undone, so nothing may be written to it. */
  readonly isPending: boolean;
}

interface LastRecord {
  readonly storedId: string;
  readonly stored: StoredSession;
  /** When the session got this id. */
  readonly rotatedAt: number;
}

/** How often a session may have been rotated since the id that a request carries. */
const MOST_ROTATIONS = 8;
/** For how long after its grace period an id is recognized. */
const REPLAY_SEEN_FOR_MILLISECONDS = 50_000;
/** The same with `onReplay: 'revoke'`, if the session would live as long. */
const REPLAY_REVOKED_FOR_MILLISECONDS = 24 * 3_600_000;
/** A touch and a confirmation may round. */
const ROUNDING_MILLISECONDS = 1000;
/** The longest life of a pending session after its rotation, if the clock of the storage's server is ahead. */
const PENDING_AT_MOST_MILLISECONDS = PENDING_FOR_MILLISECONDS + CLOCK_SKEW_IN_MILLISECONDS + ROUNDING_MILLISECONDS;

/** `details` as a request with an id from before a rotation sees them: authenticated as the session was `before`. */
export function authenticatedAs(before: SessionTimes, details: SessionDetails | undefined): SessionDetails {
  const { authenticatedAt = before.createdAt, methods } = before.details ?? {};
  return { ...details, authenticatedAt, methods };
}

/**
 * How long the record of a rotated id is kept, in milliseconds.
 * @param before the session as it was.
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
 * Gives requests with an id from before a rotation the session, for a short time: a page sends several requests at once,
 * and one of them may rotate the id. Only for rotations within one owner; an id from before a login gives nothing, since
 * an attacker may have planted it (OWASP Session Management: renew the id after any privilege level change).
 */
export class RotationGrace<S extends object> {
  readonly #parts: RotationGraceParts<S>;

  constructor(parts: RotationGraceParts<S>) {
    this.#parts = parts;
  }

  /**
   * @param retired the record of the old id.
   * @returns the session; `replayed` where its grace period is over; `undefined` where the old id gives nothing.
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
   * The session of an id that came back after its grace period; `undefined` where it has ended, or belongs to another
   * owner by now.
   * @returns its name in the storage.
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
    const isPending =
      stored.expiresAt < lifetime.expiresAt(opened) - ROUNDING_MILLISECONDS &&
      stored.expiresAt <= rotatedAt + PENDING_AT_MOST_MILLISECONDS;
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
