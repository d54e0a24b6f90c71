import { channel } from 'node:diagnostics_channel';
import type { RejectionReason } from '../tracker/session-tracker.js';

/**
 * Something that happened to a session. Never holds its value, id or key: `session` is the declared name, `handle` the
 * first characters of the stored id's hash, enough to follow one session through a log.
 */
export type SessionEvent =
  | {
      readonly type: 'loaded' | 'created' | 'changed' | 'renewed' | 'rotated' | 'cleared';
      readonly session: string;
      readonly handle?: string;
    }
  /** What the client sent is not a session. */
  | {
      readonly type: 'rejected';
      readonly session: string;
      readonly reason: RejectionReason;
      /** With `invalid`: the field that is wrong, as `items[0].price`. Never content. */
      readonly path?: string;
    }
  /**
   * An id came back after the grace period of its rotation: a client that missed the new id, or somebody who has copied
   * the old one. `revoked`: the session was ended for it (`onReplay`). An event `rejected` comes with it.
   */
  | { readonly type: 'replayed'; readonly session: string; readonly handle?: string; readonly revoked: boolean }
  /** The client sent several values under one name. */
  | { readonly type: 'duplicate'; readonly session: string; readonly count: number }
  /** Parallel requests changed the same fields; `onClash` decided. */
  | {
      readonly type: 'conflict';
      readonly session: string;
      readonly fields: readonly string[];
      readonly handle?: string;
    }
  /** A change was dropped because the session had been ended or given a new id meanwhile. */
  | {
      readonly type: 'gone';
      readonly session: string;
      readonly reason: 'ended' | 'rotated';
      readonly handle?: string;
    }
  /** The storage failed; `error` is its own. */
  | {
      readonly type: 'unavailable';
      readonly session: string;
      readonly operation: 'load' | 'store' | 'clear' | 'renew';
      readonly error: unknown;
    }
  /**
   * A session was changed in place after the head of the response had left. The change is lost. `connection`: there is no
   * response, as with `sessionsOf(request)` of a socket, and nobody has stored the change.
   */
  | { readonly type: 'too-late'; readonly session: string; readonly connection?: boolean }
  /** A page of another site opened a WebSocket, which gets no session. `origin`: the host of that site. */
  | { readonly type: 'foreign-origin'; readonly session?: undefined; readonly origin: string }
  /** A new session was changed by a handler that has `newSession: false`. The change is dropped, as it said. */
  | { readonly type: 'not-begun'; readonly session: string }
  /** A `Secure` cookie went out on a connection that looks like plain http; browsers drop it. */
  | { readonly type: 'insecure'; readonly session: string }
  /** An owner field was given another owner, and the content of the first was kept. `sessions.login` starts anew. */
  | { readonly type: 'owner-switched'; readonly session: string; readonly handle?: string }
  /**
   * Somebody began to act for another owner, or ended it by `stopActing`. `handle` is that of the session in which they
   * act, `actor` that of their own session; by value there are none. Where nobody ends it, it ends at `until`.
   */
  | {
      readonly type: 'acting';
      readonly session: string;
      readonly step: 'began' | 'ended';
      readonly handle?: string;
      readonly actor?: string;
      /** Epoch milliseconds, with `began`. */
      readonly until?: number;
    }
  /** A bounded storage had no room: `count` live sessions had to go, those without an owner first. */
  | { readonly type: 'evicted'; readonly session?: undefined; readonly count: number }
  /** Sessions of an owner were ended: by `SessionsService`, or by a login beyond `maxPerOwner`. */
  | {
      readonly type: 'revoked';
      readonly session: string;
      readonly count: number;
      /** Of each: its public name, as `SessionsService.list` shows it. */
      readonly handles: readonly string[];
    };

/** Gets every {@link SessionEvent}. What it throws is swallowed: an observer cannot break a request. */
export type SessionEventListener = (event: SessionEvent) => void;

/** The `node:diagnostics_channel` on which every event is published. */
export const SESSION_EVENTS_CHANNEL = 'nestjs-sessions';

/** A listener that takes some events only. */
export interface SessionEventLog {
  /** Whether it does anything with events of this type. */
  hears(type: SessionEvent['type']): boolean;
  log(event: SessionEvent): void;
}

/** Hands events to a listener and to the diagnostics channel. */
export class SessionEvents {
  readonly #channel = channel(SESSION_EVENTS_CHANNEL);
  readonly #listeners: readonly SessionEventListener[];
  readonly #log: SessionEventLog | undefined;

  constructor(listeners: readonly SessionEventListener[] = [], log?: SessionEventLog) {
    this.#listeners = log ? [(event) => log.log(event), ...listeners] : listeners;
    this.#log = log;
  }

  /** Whether anybody gets events of this type. Where nobody does, what an event would tell need not be worked out. */
  hears(type: SessionEvent['type']): boolean {
    const others = this.#listeners.length - (this.#log ? 1 : 0);
    return others > 0 || this.#channel.hasSubscribers || (this.#log?.hears(type) ?? false);
  }

  emit(event: SessionEvent): void {
    if (this.#channel.hasSubscribers) this.#channel.publish(event);
    for (const listener of this.#listeners) {
      // An observer's own trouble, whether it comes at once or by a promise.
      try {
        const done: unknown = listener(event);
        if (done instanceof Promise) done.catch(() => {});
      } catch {}
    }
  }
}
