import { randomBytes } from 'node:crypto';
import type { SessionToStore, StoredSession } from '../storage/session-storage.js';
import { listedOwner, presentAt } from './session-acting.js';
import { base36In, isOfAnotherName, openEnvelope, sealEnvelope } from './session-envelope.js';
import { CLOCK_SKEW_IN_MILLISECONDS, type SessionLifetime, type SessionTimes } from './session-lifetime.js';

/** Options of {@link SessionRecords}. */
export interface SessionRecordsOptions {
  /** The session's name; separates contents and owners of sessions in one storage. */
  readonly name: string;
  readonly lifetime: SessionLifetime;
  /** Stores the serialized text without times: Ktor's format. */
  readonly bare: boolean;
  /** In bare mode too, the record of a rotated id names the new one. */
  readonly followsRotation: boolean;
  /** Milliseconds for which the tombstone tells why the session was ended. `0`: not at all. */
  readonly explainFor?: number;
  /**
   * Minimum milliseconds for which the record of a rotated id is kept. Default one minute.
   * @param before the session before the rotation.
   */
  retiredFor?(this: void, before: SessionTimes): number;
  /** The clock, in epoch milliseconds. */
  readonly now: () => number;
}

/**
 * Starts the record of a rotated id: `~rotated.<storedId of the new id>.<time in base 36>`, `-<milliseconds in base 36>`
 * if the new session lives for less than a minute, a dot if the old id has a grace period, a line feed and the session before the rotation. In bare mode: `~rotated` or `~rotated.<storedId>`.
 */
export const ROTATED = '~rotated';
/** Ends the first line of the record of a session that a login beyond `maxPerOwner` ends. */
const EVICTED = '!';
/** Why a by-id session was ended. */
export type EndReason = 'ended' | 'revoked' | 'evicted';

/** Starts the tombstone of an ended session: `~ended.<reason>`. */
const ENDED = '~ended';
/** The record of a new id whose rotation was undone: the old id is valid again. */
const UNDONE = '~undone';
/** How long these records are kept: longer than any request lasts. */
const MARKED_FOR_MILLISECONDS = 60_000;
/**
 * Lifetime of a session until its login is confirmed. Well below {@link MARKED_FOR_MILLISECONDS}, so that the old id is
 * valid again after a login whose process died.
 */
export const PENDING_FOR_MILLISECONDS = 30_000;
/** A touch and a confirmation may round. */
const ROUNDING_MILLISECONDS = 1000;
/** The longest life of a pending session, if the clock of the storage's server is ahead. */
const PENDING_AT_MOST_MILLISECONDS = PENDING_FOR_MILLISECONDS + CLOCK_SKEW_IN_MILLISECONDS + ROUNDING_MILLISECONDS;
/** Number of writers whose last write a record remembers. Each has one write of a session at a time. */
const MOST_MARKS = 16;
const TILDE = 0x7e;

/** Whether a value is the tombstone of an ended session. */
export function isEnded(value: string): boolean {
  return value === ENDED || value.startsWith(`${ENDED}.`);
}

/** The reason in a tombstone. */
export function endReasonOf(value: string): EndReason {
  const reason = value.slice(ENDED.length + 1);
  return reason === 'revoked' || reason === 'evicted' ? reason : 'ended';
}

/** Whether a value is the record of a rotated id. */
export function isRotated(value: string): boolean {
  return value.startsWith(ROTATED);
}

/** Whether a value is the record of an undone rotation. */
export function isUndone(value: string): boolean {
  return value === UNDONE;
}

/** The `storedId` of the new id, which ends with this one. @returns `undefined` if the id was not rotated. */
export function successorOf(value: string): string | undefined {
  if (!isRotated(value)) return undefined;
  const { successor, isEvicted } = retiredOf(value);
  return isEvicted ? undefined : successor;
}

/** The content of the record of a rotated id. */
export interface RetiredRecord {
  /** The `storedId` of the new id. Empty in bare mode. */
  readonly successor: string;
  /** Time of the rotation, in epoch milliseconds. 0 in bare mode. */
  readonly rotatedAt: number;
  /** The old id may have a grace period: the rotation kept the owner. */
  readonly hasGrace: boolean;
  /** Not rotated: `successor` is a login beyond `maxPerOwner`, which ends this session. */
  readonly isEvicted: boolean;
  /** From then on, the rotation is not undone: the new session may have expired. */
  readonly finalAt: number;
  /** The record before the rotation. */
  readonly kept?: string;
}

/** Parses a value for which {@link isRotated} is true. */
export function retiredOf(value: string): RetiredRecord {
  const line = value.indexOf('\n');
  if (line === -1)
    return { successor: value.slice(ROTATED.length + 1), rotatedAt: 0, hasGrace: false, isEvicted: false, finalAt: 0 };
  const hasGrace = value[line - 1] === '.';
  const isEvicted = value[line - 1] === EVICTED;
  const head = value.slice(ROTATED.length + 1, hasGrace || isEvicted ? line - 1 : line);
  // A `storedId` of the application may contain dots.
  const dot = head.lastIndexOf('.');
  const [time = '', life] = head.slice(dot + 1).split('-');
  const rotatedAt = Number.parseInt(time, 36) || 0;
  return {
    successor: head.slice(0, dot),
    rotatedAt,
    hasGrace,
    isEvicted,
    finalAt: rotatedAt + (life === undefined ? MARKED_FOR_MILLISECONDS : Number.parseInt(life, 36) || 0),
    kept: value.slice(line + 1),
  };
}

/** A stored session, opened. */
export interface OpenedRecord extends SessionTimes {
  readonly text: string;
  /** The mark of the last write of each writer, newest first. */
  readonly marks: string;
}

/** Reads and writes the records of by-id sessions: times, marks of writes and text, or the record of a dead id. */
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
  /** Starts the mark of each write of this tracker, so that marks are unique. */
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

  /** Whether it is a session of another name. */
  isOfAnother({ value }: StoredSession): boolean {
    return !this.#bare && isOfAnotherName(value, this.#name);
  }

  /** Parses a record; `undefined` for a foreign, rotated or ended session. */
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
   * The time of the last touch, which changes nothing but the expiry.
   * @param idleThen the idle timeout in milliseconds when the session was written. If the present one differs, the
   *   longer one is used: a session is never considered younger than it is.
   * @returns `undefined` if it was not touched since `times.renewedAt`.
   */
  #touchedAt(stored: StoredSession, idleThen: number, times: SessionTimes): number | undefined {
    const idle = this.#lifetime.idleOf(times);
    if (idle === 0 || !(idleThen > 0)) return undefined;
    const touchedAt = stored.expiresAt - Math.max(idle, idleThen);
    return touchedAt > times.renewedAt && touchedAt <= this.#now() ? touchedAt : undefined;
  }

  /**
   * The record of a session.
   * @param marks of earlier writes.
   */
  toStore(text: string, times: SessionTimes, owner: string | undefined, marks = ''): SessionToStore {
    return {
      value: this.#bare ? text : this.#sealed(text, times, this.#marksAfter(marks)),
      expiresAt: this.#lifetime.expiresAt(times),
      latestExpiry: this.#lifetime.latestExpiry(times),
      ...this.storedOwner(owner, times),
    };
  }

  /** `toStore` with the short lifetime of an unconfirmed login. */
  pending(toStore: SessionToStore): SessionToStore {
    const now = this.#now();
    const expiresAt = Math.min(toStore.expiresAt, now + PENDING_FOR_MILLISECONDS);
    return { ...toStore, expiresAt, expiresIn: expiresAt - now };
  }

  /** Expiry of a session that is now written as pending, in epoch milliseconds. */
  get pendingUntil(): number {
    return this.#now() + PENDING_FOR_MILLISECONDS;
  }

  /** Whether `current` includes the write `written`: clients resend writes after a lost connection. */
  includes(current: StoredSession, written: SessionToStore): boolean {
    if (current.value === written.value) return true;
    if (this.#bare || isRotated(written.value)) return false;
    const value = isRotated(current.value) ? retiredOf(current.value).kept : current.value;
    const present = value === undefined ? undefined : this.#marksOf(value);
    const mark = this.#marksOf(written.value)?.split('~', 1)[0];
    return mark !== undefined && (present?.split('~').includes(mark) ?? false);
  }

  /**
   * The tombstone of an ended session.
   * @param storedOwner its owner as the storage has it.
   */
  ended(reason: EndReason, storedOwner: string | undefined): SessionToStore {
    const keptFor = Math.max(this.#explainFor, MARKED_FOR_MILLISECONDS);
    return this.#marked(`${ENDED}.${reason}`, storedOwner === undefined ? {} : { owner: storedOwner }, keptFor);
  }

  /** The record of a new id whose rotation was undone. */
  undone(owner?: string, times?: Pick<SessionTimes, 'details'>): SessionToStore {
    return this.#marked(UNDONE, this.storedOwner(owner, times));
  }

  /**
   * The record of a rotated id.
   * @param successor `storedId` of the new id.
   * @param before the session before the rotation, restored if the rotation is not finished.
   * @param hasGrace the old id may have a grace period.
   * @param expiresAt the expiry of the new session, once confirmed.
   */
  rotated(
    successor: string,
    owner: string | undefined,
    before: OpenedRecord,
    hasGrace: boolean,
    expiresAt: number,
  ): SessionToStore {
    const name = this.#namesSuccessor ? `${ROTATED}.${successor}` : ROTATED;
    if (this.#bare) return this.#marked(name, this.storedOwner(owner, before));
    const now = this.#now();
    const life = expiresAt < now + MARKED_FOR_MILLISECONDS ? `-${Math.max(0, expiresAt - now).toString(36)}` : '';
    const head = `${name}.${now.toString(36)}${life}${hasGrace ? '.' : ''}`;
    const value = `${head}\n${this.#sealed(before.text, before, before.marks)}`;
    const keptFor = hasGrace ? this.#retiredFor(before) : 0;
    return this.#marked(value, this.storedOwner(owner, before), Math.max(MARKED_FOR_MILLISECONDS, keptFor));
  }

  /**
   * The record of a session that the login `successor` ends: restored if that login fails.
   * @param stored the session.
   */
  evicted(successor: string, { value, owner }: StoredSession): SessionToStore {
    const head = `${ROTATED}.${successor}.${this.#now().toString(36)}${EVICTED}`;
    return this.#marked(`${head}\n${value}`, owner === undefined ? {} : { owner });
  }

  /** Whether the login of a session is not confirmed. */
  isPending({ expiresAt }: StoredSession, times: SessionTimes): boolean {
    return (
      expiresAt < this.#lifetime.expiresAt(times) - ROUNDING_MILLISECONDS &&
      expiresAt <= times.renewedAt + PENDING_AT_MOST_MILLISECONDS
    );
  }

  /** The session before the rotation. @returns `undefined` if the record has none. */
  before({ kept }: RetiredRecord): OpenedRecord | undefined {
    return kept === undefined ? undefined : this.open({ value: kept, expiresAt: 0 });
  }

  /**
   * The record that undoes a rotation. @returns `undefined` if the old content is missing, or so old that the new
   * session or its tombstone may have expired.
   */
  restored(stored: StoredSession): SessionToStore | undefined {
    const retired = retiredOf(stored.value);
    const { kept } = retired;
    const opened = this.before(retired);
    if (kept === undefined || !opened || this.#now() >= retired.finalAt) return undefined;
    return {
      value: kept,
      expiresAt: this.#lifetime.expiresAt(opened),
      latestExpiry: this.#lifetime.latestExpiry(opened),
      ...(stored.owner === undefined ? {} : { owner: stored.owner }),
    };
  }

  /** The owner's key in the storage, which separates sessions of different names. */
  storedOwnerOf(owner: string): string {
    return this.#bare ? owner : `${this.#name}:${owner}`;
  }

  /** @param times with details, for the actor. */
  storedOwner(owner: string | undefined, times?: Pick<SessionTimes, 'details'>): { owner?: string } {
    const listed = listedOwner(times?.details, owner);
    return listed === undefined ? {} : { owner: this.storedOwnerOf(listed) };
  }

  #marked(value: string, owner: { owner?: string }, keptFor = MARKED_FOR_MILLISECONDS): SessionToStore {
    return { value, expiresAt: this.#now() + keptFor, expiresIn: keptFor, ...owner };
  }

  // The idle timeout is needed to find the time of a touch.
  #sealed(text: string, times: SessionTimes, marks: string): string {
    const idle = times.details === undefined ? this.#idle : this.#lifetime.idleOf(times).toString(36);
    return sealEnvelope(times, `${idle}~${marks}.${text}`, this.#name);
  }

  #marksAfter(marks: string): string {
    const mark = `${this.#writer}${(this.#writes++).toString(36)}`;
    if (marks === '') return mark;
    const ofOthers = marks.split('~').filter((other) => !other.startsWith(this.#writer));
    return [mark, ...ofOthers.slice(0, MOST_MARKS - 1)].join('~');
  }

  #marksOf(value: string): string | undefined {
    return this.open({ value, expiresAt: 0 })?.marks;
  }
}

// Live records start with a time: for most values one character decides.
function isGone(value: string): boolean {
  return value.charCodeAt(0) === TILDE && (isEnded(value) || isRotated(value) || isUndone(value));
}
