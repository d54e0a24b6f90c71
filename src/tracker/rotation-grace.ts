import type { StoredSession } from '../storage/session-storage.js';
import type { ByIdParts } from './by-id-parts.js';
import type { SessionDetails } from './session-details.js';
import type { SessionLifetime, SessionTimes } from './session-lifetime.js';
import {
  isEnded,
  isRotated,
  isUndone,
  rotatedRecordOf,
  type OpenedRecord,
  type RotatedRecord,
} from './session-records.js';

export interface RotationOptions {
  /** Seconds for which a rotated id is accepted. `0`: none. */
  readonly graceInSeconds: number;
  /** When an id is received after its grace period. `revoke`: ends its session. */
  readonly onReplay: 'ignore' | 'revoke';
}

export interface Successor {
  readonly storedId: string;
  readonly stored: StoredSession;
  readonly opened: OpenedRecord;
  /** With the authentication from before the rotation. */
  readonly details: SessionDetails | undefined;
  /** May still be undone: no writes. */
  readonly isPending: boolean;
}

interface LiveRecord {
  readonly storedId: string;
  readonly stored: StoredSession;
  readonly rotatedAt: number;
}

const MAX_ROTATIONS = 8;
/** After the grace period. */
const REPLAY_SEEN_FOR_MILLISECONDS = 50_000;
/** With `onReplay: 'revoke'`. */
const REPLAY_REVOKED_FOR_MILLISECONDS = 24 * 3_600_000;

export function authenticatedAs(before: SessionTimes, details: SessionDetails | undefined): SessionDetails {
  const { authenticatedAt = before.createdAt, methods } = before.details ?? {};
  return { ...details, authenticatedAt, methods };
}

export function rotatedIdLifetime(
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
 * Accepts a rotated id for a short time, for parallel requests. Refuses an id from before a login (OWASP Session
 * Management Cheat Sheet: session fixation).
 */
export class RotationGrace<S extends object> {
  readonly #parts: ByIdParts<S>;
  readonly #grace: number;

  constructor(parts: ByIdParts<S>, graceInSeconds: number) {
    this.#parts = parts;
    this.#grace = graceInSeconds * 1000;
  }

  /** @returns `replayed` after the grace period; `undefined` if the id is not accepted. */
  async successorOf(rotated: StoredSession): Promise<Successor | 'replayed' | undefined> {
    const { records, now } = this.#parts;
    const first = rotatedRecordOf(rotated.value);
    if (!first.hasGrace) return undefined;
    if (now() >= first.rotatedAt + this.#grace) return 'replayed';
    const before = records.before(first);
    const owner = before && this.#ownerOfText(before);
    if (!before || owner === UNREADABLE) return undefined;
    const live = await this.#liveRecord(first);
    return live && this.#open(live, before, owner);
  }

  /** The key of the session; `undefined` if it has ended or changed its owner. */
  async storedIdOf(rotated: StoredSession): Promise<string | undefined> {
    return (await this.#liveRecord(rotatedRecordOf(rotated.value)))?.storedId;
  }

  async #liveRecord(first: RotatedRecord): Promise<LiveRecord | undefined> {
    let rotated = first;
    for (let rotations = 0; rotations < MAX_ROTATIONS && rotated.hasGrace; rotations++) {
      const storedId = rotated.successor;
      const stored = await this.#parts.storage.read(storedId);
      if (!stored || isEnded(stored.value) || isUndone(stored.value)) return undefined;
      if (!isRotated(stored.value)) return { storedId, stored, rotatedAt: rotated.rotatedAt };
      rotated = rotatedRecordOf(stored.value);
    }
    return undefined;
  }

  #open(
    { storedId, stored, rotatedAt }: LiveRecord,
    before: OpenedRecord,
    owner: string | undefined,
  ): Successor | undefined {
    const { records, lifetime, now } = this.#parts;
    const opened = records.open(stored);
    if (!opened || !lifetime.isAlive(opened, now()) || this.#ownerOfText(opened) !== owner) return undefined;
    const isPending = records.isPending(stored, { ...opened, renewedAt: rotatedAt });
    return { storedId, stored, opened, details: authenticatedAs(before, opened.details), isPending };
  }

  #ownerOfText({ text }: OpenedRecord): string | undefined {
    const { serializer, ownerOf } = this.#parts;
    try {
      return ownerOf(serializer.deserialize(text));
    } catch {
      return UNREADABLE;
    }
  }
}

const UNREADABLE = '\0unreadable';
