import { randomBytes } from 'node:crypto';
import type { SessionToStore, StoredSession } from '../storage/session-storage.js';
import { listedOwner, sessionAt } from './session-acting.js';
import { base36In, isOfAnotherName, openEnvelope, sealEnvelope } from './session-envelope.js';
import type { SessionLifetime, SessionTimes } from './session-lifetime.js';

export interface SessionRecordsOptions {
  /** Separates sessions in one storage. */
  readonly name: string;
  readonly lifetime: SessionLifetime;
  /** Ktor's format: text without times. */
  readonly bare: boolean;
  /** In bare mode too, the record of a rotated id names the new one. */
  readonly followsRotation: boolean;
  readonly explainFor?: number;
  /** Milliseconds for which the record of a rotated id is kept. Default one minute. */
  rotatedIdLifetime?(this: void, before: SessionTimes): number;
  readonly now: () => number;
}

/**
 * Starts `~rotated.<new storedId>.<base 36 time>`, a dot for a grace period, a line feed and the former record. In bare
 * mode `~rotated` or `~rotated.<new storedId>`.
 */
export const ROTATED = '~rotated';
export type EndReason = 'ended' | 'revoked' | 'evicted';

/** Starts `~ended.<reason>`. */
const ENDED = '~ended';
/** Replaces a new id whose rotation was undone. */
const UNDONE = '~undone';
/** Longer than any request lasts. */
const DEAD_ID_KEPT_FOR_MILLISECONDS = 60_000;
/** Well below {@link DEAD_ID_KEPT_FOR_MILLISECONDS}: after a login whose process died, the old id is valid again. */
export const PENDING_FOR_MILLISECONDS = 30_000;
const MOST_MARKS = 6;

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

export interface RotatedRecord {
  /** Empty in bare mode. */
  readonly successor: string;
  /** 0 in bare mode. */
  readonly rotatedAt: number;
  /** The rotation kept the owner. */
  readonly hasGrace: boolean;
  /** The former record. */
  readonly kept?: string;
}

export function rotatedRecordOf(value: string): RotatedRecord {
  const line = value.indexOf('\n');
  if (line === -1) return { successor: value.slice(ROTATED.length + 1), rotatedAt: 0, hasGrace: false };
  const hasGrace = value[line - 1] === '.';
  const head = value.slice(ROTATED.length + 1, hasGrace ? line - 1 : line);
  // A `storedId` of the application may contain dots.
  const dot = head.lastIndexOf('.');
  return {
    successor: head.slice(0, dot),
    rotatedAt: Number.parseInt(head.slice(dot + 1), 36) || 0,
    hasGrace,
    kept: value.slice(line + 1),
  };
}

export interface OpenedRecord extends SessionTimes {
  readonly text: string;
  /** Newest first. */
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
  /** Makes marks unique. */
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
   * A touch changes only the expiry.
   * @param idleThen when the session was written. The longer timeout counts, so that a session never seems younger than
   * it is.
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

  rotated(successor: string, owner: string | undefined, before: OpenedRecord, hasGrace: boolean): SessionToStore {
    const name = this.#namesSuccessor ? `${ROTATED}.${successor}` : ROTATED;
    if (this.#bare) return this.#deadRecord(name, this.storedOwner(owner, before));
    const head = `${name}.${this.#now().toString(36)}${hasGrace ? '.' : ''}`;
    const value = `${head}\n${this.#sealed(before.text, before, before.marks)}`;
    const keptFor = hasGrace ? this.#rotatedIdLifetime(before) : 0;
    return this.#deadRecord(value, this.storedOwner(owner, before), Math.max(DEAD_ID_KEPT_FOR_MILLISECONDS, keptFor));
  }

  before({ kept }: RotatedRecord): OpenedRecord | undefined {
    return kept === undefined ? undefined : this.open({ value: kept, expiresAt: 0 });
  }

  /** `undefined` once the tombstone of the new session may have expired. */
  restored(stored: StoredSession): SessionToStore | undefined {
    const rotated = rotatedRecordOf(stored.value);
    const { kept } = rotated;
    const opened = this.before(rotated);
    if (kept === undefined || !opened || this.#now() >= rotated.rotatedAt + DEAD_ID_KEPT_FOR_MILLISECONDS)
      return undefined;
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

  // The idle timeout tells the time of a touch.
  #sealed(text: string, times: SessionTimes, marks: string): string {
    const idle = times.details === undefined ? this.#idle : this.#lifetime.idleOf(times).toString(36);
    return sealEnvelope(times, `${idle}~${marks}.${text}`, this.#name);
  }

  #marksAfter(marks: string): string {
    const mark = `${this.#writer}${(this.#writes++).toString(36)}`;
    if (marks === '') return mark;
    const kept = marks.split('~', MOST_MARKS - 1).join('~');
    return `${mark}~${kept}`;
  }

  marksOf(value: string): string | undefined {
    return this.open({ value, expiresAt: 0 })?.marks;
  }
}
