import { randomBytes } from 'node:crypto';
import type { SessionToStore, StoredSession } from '../storage/session-storage.js';
import { listedOwner, presentAt } from './session-acting.js';
import { base36In, isOfAnotherName, openEnvelope, sealEnvelope } from './session-envelope.js';
import type { SessionLifetime, SessionTimes } from './session-lifetime.js';

/** Options of {@link SessionRecords}. */
export interface SessionRecordsOptions {
  /** The session's name: keeps it apart from others in the same storage, contents and owners alike. */
  readonly name: string;
  readonly lifetime: SessionLifetime;
  /** Leaves the times out, so that only the serialized text is stored: the format of Ktor. */
  readonly bare: boolean;
  /** The mark of an exchanged id names the new one in bare mode too. */
  readonly followsRotation: boolean;
  /** Milliseconds for which the mark of an ended session tells why it ended. `0`: not. */
  readonly explainFor?: number;
  /**
   * Milliseconds for which the record of an exchanged id is kept at least. Default a minute.
   * @param before the session as it was.
   */
  retiredFor?(this: void, before: SessionTimes): number;
  /** The clock, in epoch milliseconds. */
  readonly now: () => number;
}

/**
 * Begins the record under an id that was exchanged for another one. After it follow a dot, the stored name of the new
 * id, a dot, the time of the exchange in base 36, a dot if the old id has a grace period, and, on a line of its own, the
 * session as it was before. In bare mode only the first dot and the name follow, or nothing.
 */
export const ROTATED = '~rotated';
/** Why a by-id session was ended. */
export type EndReason = 'ended' | 'revoked' | 'evicted';

/** Begins the record under an id whose session was ended. After it follow a dot and the reason. */
const ENDED = '~ended';
/** The record under a new id whose rotation was undone: the old id counts again. */
const UNDONE = '~undone';
/** How long these records are kept: longer than any request with the id lasts. */
const MARKED_FOR_MILLISECONDS = 60_000;
/**
 * How long a new session lives until its login is confirmed. Well below {@link MARKED_FOR_MILLISECONDS}, so that the old
 * id can be used again after a login that died half-way.
 */
export const PENDING_FOR_MILLISECONDS = 30_000;
/** How many writes a record remembers. */
const MOST_MARKS = 6;
const TILDE = 0x7e;

/** Whether a stored value says that its session is being ended. */
export function isEnded(value: string): boolean {
  return value === ENDED || value.startsWith(`${ENDED}.`);
}

/** Why the session of a value that {@link isEnded} was ended. */
export function endReasonOf(value: string): EndReason {
  const reason = value.slice(ENDED.length + 1);
  return reason === 'revoked' || reason === 'evicted' ? reason : 'ended';
}

/** Whether a stored value says that its id was exchanged for a new one. */
export function isRotated(value: string): boolean {
  return value.startsWith(ROTATED);
}

/** Whether a stored value says that the rotation to its id was undone. */
export function isUndone(value: string): boolean {
  return value === UNDONE;
}

/** What the record of an exchanged id says. */
export interface RetiredRecord {
  /** The stored name of the new id. Empty in bare mode. */
  readonly successor: string;
  /** When the id was exchanged, in epoch milliseconds. 0 in bare mode. */
  readonly rotatedAt: number;
  /** The old id may have a grace period: it was exchanged for the same owner. */
  readonly hasGrace: boolean;
  /** The record that was there before. */
  readonly kept?: string;
}

/** Reads a value of which {@link isRotated} is true. */
export function retiredOf(value: string): RetiredRecord {
  const line = value.indexOf('\n');
  if (line === -1) return { successor: value.slice(ROTATED.length + 1), rotatedAt: 0, hasGrace: false };
  const hasGrace = value[line - 1] === '.';
  const head = value.slice(ROTATED.length + 1, hasGrace ? line - 1 : line);
  // The stored name may hold dots, where the application makes it.
  const dot = head.lastIndexOf('.');
  return {
    successor: head.slice(0, dot),
    rotatedAt: Number.parseInt(head.slice(dot + 1), 36) || 0,
    hasGrace,
    kept: value.slice(line + 1),
  };
}

/** A stored session, opened. */
export interface OpenedRecord extends SessionTimes {
  readonly text: string;
  /** Marks of its last writes, newest first. */
  readonly marks: string;
}

/** What is in a storage for a by-id session: times, marks of its writes, text; and the records of those that are gone. */
export class SessionRecords {
  readonly #name: string;
  readonly #lifetime: SessionLifetime;
  readonly #bare: boolean;
  readonly #namesSuccessor: boolean;
  readonly #explainFor: number;
  readonly #retiredFor: (before: SessionTimes) => number;
  readonly #now: () => number;
  /** The idle timeout in base 36. */
  readonly #idle: string;
  /** Begins the mark of each write of this tracker, so that no two writes anywhere are equal. */
  readonly #writer = randomBytes(4).toString('base64url');
  #writes = 0;

  constructor({ name, lifetime, bare, followsRotation, explainFor = 0, retiredFor, now }: SessionRecordsOptions) {
    this.#name = name;
    this.#lifetime = lifetime;
    this.#idle = lifetime.idle.toString(36);
    this.#bare = bare;
    this.#namesSuccessor = !bare || followsRotation;
    this.#explainFor = explainFor;
    this.#retiredFor = retiredFor ?? (() => MARKED_FOR_MILLISECONDS);
    this.#now = now;
  }

  /** Whether this is a session of another name. */
  isOfAnother({ value }: StoredSession): boolean {
    return !this.#bare && isOfAnotherName(value, this.#name);
  }

  /** A stored session; `undefined` for one that is not ours, was rotated away or ended. */
  open(stored: StoredSession): OpenedRecord | undefined {
    if (isGone(stored.value)) return undefined;
    if (this.#bare) {
      const renewedAt = this.#touchedAt(stored, this.#lifetime.idle, { createdAt: 0, renewedAt: 0 }) ?? this.#now();
      return { createdAt: renewedAt, renewedAt, details: undefined, text: stored.value, marks: '' };
    }
    const envelope = openEnvelope(stored.value, this.#name);
    const dot = envelope ? envelope.text.indexOf('.') : -1;
    if (!envelope || dot === -1) return undefined;
    const { createdAt, renewedAt, details, text } = envelope;
    const tilde = text.indexOf('~');
    const touchedAt = this.#touchedAt(stored, base36In(text, 0, tilde), envelope);
    const marks = text.slice(tilde + 1, dot);
    const opened = { createdAt, renewedAt: touchedAt ?? renewedAt, details, text: text.slice(dot + 1), marks };
    return details === undefined ? opened : presentAt(opened, this.#now());
  }

  /**
   * A touch moves the expiry alone, so the last renewal shows there.
   * @param idleThen the idle timeout in milliseconds when the session was written. Where the application has another
   *   one now, the longer counts: a session is never taken for younger than it is.
   * @param times with when it was renewed before. @returns `undefined` where it was not touched since.
   */
  #touchedAt(stored: StoredSession, idleThen: number, times: SessionTimes): number | undefined {
    const idle = this.#lifetime.idleOf(times);
    if (idle === 0 || !(idleThen > 0)) return undefined;
    const touchedAt = stored.expiresAt - Math.max(idle, idleThen);
    return touchedAt > times.renewedAt && touchedAt <= this.#now() ? touchedAt : undefined;
  }

  /**
   * A session as it is written.
   * @param marks of the writes before this one.
   */
  toStore(text: string, times: SessionTimes, owner: string | undefined, marks = ''): SessionToStore {
    return {
      value: this.#bare ? text : this.#sealed(text, times, this.#marksAfter(marks)),
      expiresAt: this.#lifetime.expiresAt(times),
      latestExpiry: this.#lifetime.latestExpiry(times),
      ...this.storedOwner(owner, times),
    };
  }

  /** `toStore` with the short life of a session whose login is not confirmed yet. */
  pending(toStore: SessionToStore): SessionToStore {
    const now = this.#now();
    const expiresAt = Math.min(toStore.expiresAt, now + PENDING_FOR_MILLISECONDS);
    return { ...toStore, expiresAt, expiresIn: expiresAt - now };
  }

  /** Until when a session that is written now waits for its confirmation, in epoch milliseconds. */
  get pendingUntil(): number {
    return this.#now() + PENDING_FOR_MILLISECONDS;
  }

  /** Whether `written` is behind `current`: a client that lost its connection may send a write twice. */
  includes(current: StoredSession, written: SessionToStore): boolean {
    if (current.value === written.value) return true;
    if (this.#bare || isRotated(written.value)) return false;
    const value = isRotated(current.value) ? retiredOf(current.value).kept : current.value;
    const present = value === undefined ? undefined : this.#marksOf(value);
    const mark = this.#marksOf(written.value)?.split('~', 1)[0];
    return mark !== undefined && (present?.split('~').includes(mark) ?? false);
  }

  /**
   * What is kept for a while under the id of a session that was ended.
   * @param storedOwner as it is in the storage.
   */
  ended(reason: EndReason, storedOwner: string | undefined): SessionToStore {
    const keptFor = Math.max(this.#explainFor, MARKED_FOR_MILLISECONDS);
    return this.#marked(`${ENDED}.${reason}`, storedOwner === undefined ? {} : { owner: storedOwner }, keptFor);
  }

  /** What is kept for a while under a new id whose rotation was undone. */
  undone(owner?: string, times?: Pick<SessionTimes, 'details'>): SessionToStore {
    return this.#marked(UNDONE, this.storedOwner(owner, times));
  }

  /**
   * What is kept for a while under an id that was exchanged for the one stored as `successor`.
   * @param before the session as it was, for the case that the rotation is not finished.
   * @param hasGrace the old id may have a grace period.
   */
  rotated(successor: string, owner: string | undefined, before: OpenedRecord, hasGrace: boolean): SessionToStore {
    const name = this.#namesSuccessor ? `${ROTATED}.${successor}` : ROTATED;
    if (this.#bare) return this.#marked(name, this.storedOwner(owner, before));
    const head = `${name}.${this.#now().toString(36)}${hasGrace ? '.' : ''}`;
    const value = `${head}\n${this.#sealed(before.text, before, before.marks)}`;
    const keptFor = hasGrace ? this.#retiredFor(before) : 0;
    return this.#marked(value, this.storedOwner(owner, before), Math.max(MARKED_FOR_MILLISECONDS, keptFor));
  }

  /** The session as it was before its id was exchanged. @returns `undefined` where the record kept none. */
  before({ kept }: RetiredRecord): OpenedRecord | undefined {
    return kept === undefined ? undefined : this.open({ value: kept, expiresAt: 0 });
  }

  /**
   * The session that a rotation left behind, to be stored again. @returns `undefined` where it kept none, or where the
   * rotation is so long ago that the mark of the new session's end may be gone.
   */
  restored(stored: StoredSession): SessionToStore | undefined {
    const retired = retiredOf(stored.value);
    const { kept } = retired;
    const opened = this.before(retired);
    if (kept === undefined || !opened || this.#now() >= retired.rotatedAt + MARKED_FOR_MILLISECONDS) return undefined;
    return {
      value: kept,
      expiresAt: this.#lifetime.expiresAt(opened),
      latestExpiry: this.#lifetime.latestExpiry(opened),
      ...(stored.owner === undefined ? {} : { owner: stored.owner }),
    };
  }

  /** The name of an owner in the storage, which may hold sessions of other names too. */
  storedOwnerOf(owner: string): string {
    return this.#bare ? owner : `${this.#name}:${owner}`;
  }

  /** @param times with the details of the session, which say whether somebody else acts in it. */
  storedOwner(owner: string | undefined, times?: Pick<SessionTimes, 'details'>): { owner?: string } {
    const listed = listedOwner(times?.details, owner);
    return listed === undefined ? {} : { owner: this.storedOwnerOf(listed) };
  }

  #marked(value: string, owner: { owner?: string }, keptFor = MARKED_FOR_MILLISECONDS): SessionToStore {
    return { value, expiresAt: this.#now() + keptFor, expiresIn: keptFor, ...owner };
  }

  // The idle timeout comes first: by it a touch is found again.
  #sealed(text: string, times: SessionTimes, marks: string): string {
    const idle = times.details === undefined ? this.#idle : this.#lifetime.idleOf(times).toString(36);
    return sealEnvelope(times, `${idle}~${marks}.${text}`, this.#name);
  }

  // No two writes anywhere have the same mark.
  #marksAfter(marks: string): string {
    const mark = `${this.#writer}${(this.#writes++).toString(36)}`;
    if (marks === '') return mark;
    const kept = marks.split('~', MOST_MARKS - 1).join('~');
    return `${mark}~${kept}`;
  }

  #marksOf(value: string): string | undefined {
    return this.open({ value, expiresAt: 0 })?.marks;
  }
}

// Sessions begin with their time of creation, so most values are told by one character.
function isGone(value: string): boolean {
  return value.charCodeAt(0) === TILDE && (isEnded(value) || isRotated(value) || isUndone(value));
}
