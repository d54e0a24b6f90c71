import { randomBytes } from 'node:crypto';
import type { SessionToStore, StoredSession } from '../storage/session-storage.js';
import { base36In, openEnvelope, sealEnvelope } from './session-envelope.js';
import type { SessionLifetime, SessionTimes } from './session-lifetime.js';

/** What {@link SessionRecords} has to know. */
export interface SessionRecordsOptions {
  /** The session's name: keeps it apart from others in the same storage, contents and owners alike. */
  readonly name: string;
  readonly lifetime: SessionLifetime;
  /** Leaves the times out, so that only the serialized text is stored: the format of Ktor. */
  readonly bare: boolean;
  /** The mark of an exchanged id names the new one in bare mode too. */
  readonly followsRotation: boolean;
  /** The clock, in epoch milliseconds. */
  readonly now: () => number;
}

/**
 * Begins the value under an id that was exchanged for a new one; behind it stand a dot and the stored name of the new
 * one, except in bare mode.
 */
export const ROTATED = '~rotated';
/** The value under an id that is being ended, for the moment until it is gone. No envelope begins like these two. */
const ENDED = '~ended';
/** How long they stand there: as long as a request may be under way that still carries the id. */
const MARKED_FOR_MILLISECONDS = 60_000;

/** Whether a stored value says that its session is being ended. */
export function isEnded(value: string): boolean {
  return value === ENDED;
}

/** Whether a stored value says that its id was exchanged for a new one. */
export function isRotated(value: string): boolean {
  return value.startsWith(ROTATED);
}

/** The stored name of the new id, of a value that {@link isRotated}. */
export function successorOf(value: string): string {
  return value.slice(ROTATED.length + 1);
}

/** What stands in a storage for a by-id session: times, mark of the write, text; and the marks of those that are gone. */
export class SessionRecords {
  readonly #name: string;
  readonly #lifetime: SessionLifetime;
  readonly #bare: boolean;
  readonly #namesSuccessor: boolean;
  readonly #now: () => number;
  /** The idle timeout, as it stands in a mark. */
  readonly #idle: string;
  /** Begins the mark of each write of this tracker, so that no two writes anywhere are equal. */
  readonly #writer = randomBytes(4).toString('base64url');
  #writes = 0;

  constructor({ name, lifetime, bare, followsRotation, now }: SessionRecordsOptions) {
    this.#name = name;
    this.#lifetime = lifetime;
    this.#idle = lifetime.idle.toString(36);
    this.#bare = bare;
    this.#namesSuccessor = !bare || followsRotation;
    this.#now = now;
  }

  /** The times and the text of a stored session; `undefined` for one that is not ours, was rotated away or ended. */
  open(stored: StoredSession): (SessionTimes & { readonly text: string }) | undefined {
    if (isEnded(stored.value) || isRotated(stored.value)) return undefined;
    if (this.#bare) {
      const renewedAt = this.#touchedAt(stored, this.#lifetime.idle, 0) ?? this.#now();
      return { createdAt: renewedAt, renewedAt, text: stored.value };
    }
    const envelope = openEnvelope(stored.value, this.#name);
    const dot = envelope ? envelope.text.indexOf('.') : -1;
    if (!envelope || dot === -1) return undefined;
    const { createdAt, renewedAt, text } = envelope;
    const touchedAt = this.#touchedAt(stored, base36In(text, 0, text.indexOf('~')), renewedAt);
    return { createdAt, renewedAt: touchedAt ?? renewedAt, text: text.slice(dot + 1) };
  }

  /**
   * A touch moves the expiry alone, so the last renewal shows there.
   * @param idleThen the idle timeout in milliseconds when the session was written. Where the application has another
   *   one now, the longer counts: a session is never taken for younger than it is.
   * @param renewedAt when it was renewed before. @returns `undefined` where it was not touched since.
   */
  #touchedAt(stored: StoredSession, idleThen: number, renewedAt: number): number | undefined {
    const { idle } = this.#lifetime;
    if (idle === 0 || !(idleThen > 0)) return undefined;
    const touchedAt = stored.expiresAt - Math.max(idle, idleThen);
    return touchedAt > renewedAt && touchedAt <= this.#now() ? touchedAt : undefined;
  }

  /** A session as it is written. */
  toStore(text: string, times: SessionTimes, owner: string | undefined): SessionToStore {
    return {
      value: this.#bare ? text : sealEnvelope(times, `${this.#mark()}.${text}`, this.#name),
      expiresAt: this.#lifetime.expiresAt(times),
      latestExpiry: this.#lifetime.latestExpiry(times),
      ...this.storedOwner(owner),
    };
  }

  /** What stands for a while under the id of a session that has ended. @param storedOwner as it is in the storage. */
  ended(storedOwner: string | undefined): SessionToStore {
    return this.#marked(ENDED, storedOwner === undefined ? {} : { owner: storedOwner });
  }

  /** What stands for a while under an id that was exchanged for the one stored as `successor`. */
  rotated(successor: string, owner: string | undefined): SessionToStore {
    return this.#marked(this.#namesSuccessor ? `${ROTATED}.${successor}` : ROTATED, this.storedOwner(owner));
  }

  /** The name of an owner in the storage, which may hold sessions of other names too. */
  storedOwnerOf(owner: string): string {
    return this.#bare ? owner : `${this.#name}:${owner}`;
  }

  storedOwner(owner: string | undefined): { owner?: string } {
    return owner === undefined ? {} : { owner: this.storedOwnerOf(owner) };
  }

  #marked(value: string, owner: { owner?: string }): SessionToStore {
    return { value, expiresAt: this.#now() + MARKED_FOR_MILLISECONDS, ...owner };
  }

  // The idle timeout, by which a touch is found again, and what makes no two writes anywhere equal.
  #mark(): string {
    return `${this.#idle}~${this.#writer}${this.#writes++}`;
  }
}
