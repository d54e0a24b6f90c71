import { randomBytes } from 'node:crypto';
import type { SessionToStore, StoredSession } from '../storage/session-storage.js';
import { listedOwner, sessionAt } from './session-acting.js';
import { base36In, isOfAnotherName, openEnvelope, sealEnvelope } from './session-envelope.js';
import { CLOCK_SKEW_IN_MILLISECONDS, type SessionLifetime, type SessionTimes } from './session-lifetime.js';

interface SessionRecordsOptions {
  readonly name: string;
  readonly lifetime: SessionLifetime;
  /** Ktor's format: text without times. */
  readonly bare: boolean;
  /** Names the new id in bare mode too. */
  readonly followsRotation: boolean;
  readonly explainFor?: number;
  /** Milliseconds for which the record of a rotated id is kept. Default one minute. */
  rotatedIdLifetime?(this: void, before: SessionTimes): number;
  readonly now: () => number;
}

/**
 * Starts `~rotated.<new storedId>.<base 36 time>`, `-<base 36 milliseconds>` if the new session lives for less than a
 * minute, a dot for a grace period, a line feed and the former record. In bare mode `~rotated` or
 * `~rotated.<new storedId>`.
 */
export const ROTATED = '~rotated';
/** Ends the first line if a login beyond `maxPerOwner` ends the session. */
const EVICTED = '!';
export type EndReason = 'ended' | 'revoked' | 'evicted';

/** Starts `~ended.<reason>`. */
const ENDED = '~ended';
/** Replaces a new id whose rotation was undone. */
const UNDONE = '~undone';
/** Longer than any request lasts. */
const DEAD_ID_KEPT_FOR_MILLISECONDS = 60_000;
/** Well below {@link DEAD_ID_KEPT_FOR_MILLISECONDS}, so that a login whose process died can be undone. */
const PENDING_FOR_MILLISECONDS = 30_000;
const ROUNDING_MILLISECONDS = 1000;
/** The clock of the storage may be ahead. */
const PENDING_AT_MOST_MILLISECONDS = PENDING_FOR_MILLISECONDS + CLOCK_SKEW_IN_MILLISECONDS + ROUNDING_MILLISECONDS;
/** Writers whose last write a record remembers. */
const MAX_MARKS = 16;

export function isEnded(value: string): boolean {
  return value === ENDED || value.startsWith(`${ENDED}.`);
}

export function endReasonOf(value: string): EndReason {
  const reason = value.slice(ENDED.length + 1);
  return reason === 'revoked' || reason === 'evicted' ? reason : 'ended';
}

export function isRotated(value: string): boolean {
  return value.startsWith(ROTATED);
}

export function isUndone(value: string): boolean {
  return value === UNDONE;
}

/** The new `storedId`; `undefined` if the id was not rotated. */
export function successorOf(value: string): string | undefined {
  if (!isRotated(value)) return undefined;
  const { successor, isEvicted } = rotatedRecordOf(value);
  return isEvicted ? undefined : successor;
}

export interface RotatedRecord {
  /** Empty in bare mode. */
  readonly successor: string;
  /** 0 in bare mode. */
  readonly rotatedAt: number;
  /** The rotation kept the owner. */
  readonly hasGrace: boolean;
  /** Not rotated: the login `successor` ends it. */
  readonly isEvicted: boolean;
  /** From then on, the rotation is not undone. */
  readonly finalAt: number;
  readonly kept?: string;
}

export function rotatedRecordOf(value: string): RotatedRecord {
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
    finalAt: rotatedAt + (life === undefined ? DEAD_ID_KEPT_FOR_MILLISECONDS : Number.parseInt(life, 36) || 0),
    kept: value.slice(line + 1),
  };
}

export interface OpenedRecord extends SessionTimes {
  readonly text: string;
  /** The last mark of each writer, newest first. */
  readonly marks: string;
}

/** The format of by-id records: times, marks of writes and text. */
export class SessionRecords {
  readonly #name: string;
  readonly #lifetime: SessionLifetime;
  readonly #bare: boolean;
  readonly #namesSuccessor: boolean;
  readonly #explainFor: number;
  readonly #rotatedIdLifetime: (before: SessionTimes) => number;
  readonly #now: () => number;
  readonly #idle: string;
  readonly #writer = randomBytes(4).toString('base64url');
  #writes = 0;

  constructor({
    name,
    lifetime,
    bare,
    followsRotation,
    explainFor = 0,
    rotatedIdLifetime,
    now,
  }: SessionRecordsOptions) {
    this.#name = name;
    this.#lifetime = lifetime;
    this.#idle = lifetime.idle.toString(36);
    this.#bare = bare;
    this.#namesSuccessor = !bare || followsRotation;
    this.#explainFor = explainFor;
    this.#rotatedIdLifetime = rotatedIdLifetime ?? (() => DEAD_ID_KEPT_FOR_MILLISECONDS);
    this.#now = now;
  }

  isOfAnother({ value }: StoredSession): boolean {
    return !this.#bare && isOfAnotherName(value, this.#name);
  }

  /** `undefined` for a foreign, rotated or ended session. */
  open(stored: StoredSession): OpenedRecord | undefined {
    if (this.#bare) return this.#openBare(stored);
    // The record of a dead id starts with `~`, which is no time.
    const envelope = openEnvelope(stored.value, this.#name);
    const dot = envelope ? envelope.text.indexOf('.') : -1;
    if (!envelope || dot === -1) return undefined;
    const { createdAt, renewedAt, details, text } = envelope;
    const tilde = text.indexOf('~');
    const touchedAt = this.#touchedAt(stored, base36In(text, 0, tilde), envelope);
    const marks = text.slice(tilde + 1, dot);
    const opened = { createdAt, renewedAt: touchedAt ?? renewedAt, details, text: text.slice(dot + 1), marks };
    return details === undefined ? opened : sessionAt(opened, this.#now());
  }

  #openBare(stored: StoredSession): OpenedRecord | undefined {
    const text = stored.value;
    if (isEnded(text) || isRotated(text) || isUndone(text)) return undefined;
    const renewedAt = this.#touchedAt(stored, this.#lifetime.idle, { createdAt: 0, renewedAt: 0 }) ?? this.#now();
    return { createdAt: renewedAt, renewedAt, details: undefined, text, marks: '' };
  }

  /**
   * @param idleThen when the session was written. The longer timeout counts: a session must not seem younger than it
   * is.
   */
  #touchedAt(stored: StoredSession, idleThen: number, times: SessionTimes): number | undefined {
    const idle = this.#lifetime.idleOf(times);
    if (idle === 0 || !(idleThen > 0)) return undefined;
    const touchedAt = stored.expiresAt - Math.max(idle, idleThen);
    return touchedAt > times.renewedAt && touchedAt <= this.#now() ? touchedAt : undefined;
  }

  toStore(text: string, times: SessionTimes, owner: string | undefined, marks = ''): SessionToStore {
    return {
      value: this.#bare ? text : this.#sealed(text, times, this.#marksAfter(marks)),
      expiresAt: this.#lifetime.expiresAt(times),
      latestExpiry: this.#lifetime.latestExpiry(times),
      ...this.storedOwner(owner, times),
    };
  }

  pending(toStore: SessionToStore): SessionToStore {
    const now = this.#now();
    const expiresAt = Math.min(toStore.expiresAt, now + PENDING_FOR_MILLISECONDS);
    return { ...toStore, expiresAt, expiresIn: expiresAt - now };
  }

  get pendingUntil(): number {
    return this.#now() + PENDING_FOR_MILLISECONDS;
  }

  /** Clients resend writes after a lost connection. */
  includes(current: StoredSession, written: SessionToStore): boolean {
    if (current.value === written.value) return true;
    if (this.#bare || isRotated(written.value)) return false;
    const value = isRotated(current.value) ? rotatedRecordOf(current.value).kept : current.value;
    const present = value === undefined ? undefined : this.marksOf(value);
    const mark = this.marksOf(written.value)?.split('~', 1)[0];
    return mark !== undefined && (present?.split('~').includes(mark) ?? false);
  }

  ended(reason: EndReason, storedOwner: string | undefined): SessionToStore {
    const keptFor = Math.max(this.#explainFor, DEAD_ID_KEPT_FOR_MILLISECONDS);
    return this.#deadRecord(`${ENDED}.${reason}`, storedOwner === undefined ? {} : { owner: storedOwner }, keptFor);
  }

  undone(owner?: string, times?: Pick<SessionTimes, 'details'>): SessionToStore {
    return this.#deadRecord(UNDONE, this.storedOwner(owner, times));
  }

  /** @param expiresAt the expiry of the new session, once confirmed. */
  rotated(
    successor: string,
    owner: string | undefined,
    before: OpenedRecord,
    hasGrace: boolean,
    expiresAt: number,
  ): SessionToStore {
    const name = this.#namesSuccessor ? `${ROTATED}.${successor}` : ROTATED;
    if (this.#bare) return this.#deadRecord(name, this.storedOwner(owner, before));
    const now = this.#now();
    const life = expiresAt < now + DEAD_ID_KEPT_FOR_MILLISECONDS ? `-${Math.max(0, expiresAt - now).toString(36)}` : '';
    const head = `${name}.${now.toString(36)}${life}${hasGrace ? '.' : ''}`;
    const value = `${head}\n${this.#sealed(before.text, before, before.marks)}`;
    const keptFor = hasGrace ? this.#rotatedIdLifetime(before) : 0;
    return this.#deadRecord(value, this.storedOwner(owner, before), Math.max(DEAD_ID_KEPT_FOR_MILLISECONDS, keptFor));
  }

  /** The record of a session that the login `successor` ends. */
  evicted(successor: string, { value, owner }: StoredSession): SessionToStore {
    const head = `${ROTATED}.${successor}.${this.#now().toString(36)}${EVICTED}`;
    return this.#deadRecord(`${head}\n${value}`, owner === undefined ? {} : { owner });
  }

  isPending({ expiresAt }: StoredSession, times: SessionTimes): boolean {
    return (
      expiresAt < this.#lifetime.expiresAt(times) - ROUNDING_MILLISECONDS &&
      expiresAt <= times.renewedAt + PENDING_AT_MOST_MILLISECONDS
    );
  }

  before({ kept }: RotatedRecord): OpenedRecord | undefined {
    return kept === undefined ? undefined : this.open({ value: kept, expiresAt: 0 });
  }

  /** `undefined` once the new session or its tombstone may have expired. */
  restored(stored: StoredSession): SessionToStore | undefined {
    const rotated = rotatedRecordOf(stored.value);
    const { kept } = rotated;
    const opened = this.before(rotated);
    if (kept === undefined || !opened || this.#now() >= rotated.finalAt) return undefined;
    return {
      value: kept,
      expiresAt: this.#lifetime.expiresAt(opened),
      latestExpiry: this.#lifetime.latestExpiry(opened),
      ...(stored.owner === undefined ? {} : { owner: stored.owner }),
    };
  }

  storedOwnerOf(owner: string): string {
    return this.#bare ? owner : `${this.#name}:${owner}`;
  }

  storedOwner(owner: string | undefined, times?: Pick<SessionTimes, 'details'>): { owner?: string } {
    const listed = listedOwner(times?.details, owner);
    return listed === undefined ? {} : { owner: this.storedOwnerOf(listed) };
  }

  #deadRecord(value: string, owner: { owner?: string }, keptFor = DEAD_ID_KEPT_FOR_MILLISECONDS): SessionToStore {
    return { value, expiresAt: this.#now() + keptFor, expiresIn: keptFor, ...owner };
  }

  #sealed(text: string, times: SessionTimes, marks: string): string {
    const idle = times.details === undefined ? this.#idle : this.#lifetime.idleOf(times).toString(36);
    return sealEnvelope(times, `${idle}~${marks}.${text}`, this.#name);
  }

  #marksAfter(marks: string): string {
    const mark = `${this.#writer}${(this.#writes++).toString(36)}`;
    if (marks === '') return mark;
    const ofOthers = marks.split('~').filter((other) => !other.startsWith(this.#writer));
    return [mark, ...ofOthers.slice(0, MAX_MARKS - 1)].join('~');
  }

  marksOf(value: string): string | undefined {
    return this.open({ value, expiresAt: 0 })?.marks;
  }
}
