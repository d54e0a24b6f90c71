import { channel } from 'node:diagnostics_channel';
import type { RejectionReason } from '../tracker/session-tracker.js';

/** What an event tells of the session that it is about, as far as it is known. */
export interface SessionFacts {
  /** The declared name. */
  readonly session: string;
  /** By id: the public name of the session, as `SessionsService.list` shows it. A hash, never the id. */
  readonly handle?: string;
  /** Whole seconds since the session was created. */
  readonly ageInSeconds?: number;
  /** Whose session it is. Only with `eventFields: { owner: true }`. */
  readonly owner?: string;
}

/** What an event tells of the request in which it happened: what `eventFields.request` gave. */
export interface RequestFacts {
  readonly request?: Readonly<Record<string, unknown>>;
}

/** Something that happened to a session. Never holds its value, id or key. */
export type SessionEvent = RequestFacts &
  (
    | (SessionFacts & { readonly type: 'loaded' | 'created' | 'changed' | 'renewed' | 'rotated' | 'cleared' })
    /** What the client sent is not a session. */
    | (SessionFacts & {
        readonly type: 'rejected';
        readonly reason: RejectionReason;
        /** With `invalid`: the field that is wrong, as `items[0].price`. Never content. */
        readonly path?: string;
      })
    /**
     * An id came back after the grace period of its rotation: a client that missed the new id, or somebody who has copied
     * the old one. `revoked`: the session was ended for it (`onReplay`). An event `rejected` comes with it.
     */
    | (SessionFacts & { readonly type: 'replayed'; readonly revoked: boolean })
    /** The client sent several values under one name. */
    | (SessionFacts & { readonly type: 'duplicate'; readonly count: number })
    /** Parallel requests changed the same fields; `onClash` decided. */
    | (SessionFacts & { readonly type: 'conflict'; readonly fields: readonly string[] })
    /** A change was dropped because the session had been ended or given a new id meanwhile. */
    | (SessionFacts & { readonly type: 'gone'; readonly reason: 'ended' | 'rotated' })
    /** The storage failed; `error` is its own. */
    | (SessionFacts & {
        readonly type: 'unavailable';
        readonly reason: 'storage-down';
        readonly operation: 'load' | 'store' | 'clear' | 'renew';
        readonly error: unknown;
      })
    /**
     * A session was changed in place after the head of the response had left. The change is lost. `connection`: there is
     * no response, as with `sessionsOf(request)` of a socket, and nobody has stored the change.
     */
    | (SessionFacts & { readonly type: 'too-late'; readonly connection?: boolean })
    /** A page of another site opened a WebSocket, which gets no session. `origin`: the host of that site. */
    | {
        readonly type: 'foreign-origin';
        readonly session?: undefined;
        readonly reason: 'foreign-origin';
        readonly origin: string;
      }
    /** A new session was changed by a handler that has `newSession: false`. The change is dropped. */
    | (SessionFacts & { readonly type: 'not-begun' })
    /** A `Secure` cookie went out on a connection that looks like plain http; browsers drop it. */
    | (SessionFacts & { readonly type: 'insecure'; readonly reason: 'secure-on-http' })
    /** An owner field was given another owner, and the content of the first was kept. `sessions.login` starts anew. */
    | (SessionFacts & { readonly type: 'owner-switched' })
    /**
     * Somebody began to act for another owner, or ended it by `stopActing`. `handle` is that of the session in which they
     * act, `actor` that of their own session; by value there are none. Where nobody ends it, it ends at `until`.
     */
    | (SessionFacts & {
        readonly type: 'acting';
        readonly step: 'began' | 'ended';
        readonly actor?: string;
        /** Epoch milliseconds, with `began`. */
        readonly until?: number;
      })
    /** A bounded storage had no room: `count` live sessions had to go, those without an owner first. */
    | { readonly type: 'evicted'; readonly session?: undefined; readonly count: number }
    /** Sessions of an owner were ended: by `SessionsService`, or by a login beyond `maxPerOwner`. */
    | (SessionFacts & {
        readonly type: 'revoked';
        readonly count: number;
        /** The handle of each. */
        readonly handles: readonly string[];
      })
  );

/** Gets every {@link SessionEvent}. What it throws is swallowed: an observer cannot break a request. */
export type SessionEventListener = (event: SessionEvent) => void;

/** The `node:diagnostics_channel` on which every event is published. */
export const SESSION_EVENTS_CHANNEL = 'nestjs-sessions';

/** A listener that takes some events only. */
export interface SessionEventLog {
  /** Whether it does anything with events of this type. */
  isObserved(type: SessionEvent['type']): boolean;
  log(event: SessionEvent): void;
}

/** What events tell besides what happened. */
export interface SessionEventFields {
  /** Events tell the owner of their session. Personal data, so default `false`. */
  readonly owner?: boolean;
  /**
   * What events tell of their request, as
   * `(request: IncomingMessage) => ({ address: request.socket.remoteAddress, agent: request.headers['user-agent'] })`.
   * Called for each event that happens in a request. Default: nothing.
   * @param request Node's request, which on Express is its own; with `openSessions`, what `of` was given.
   */
  request?(this: void, request: object): Readonly<Record<string, unknown>>;
}

/** Hands events to a listener and to the diagnostics channel. */
export class SessionEvents implements SessionEventSink {
  readonly #channel = channel(SESSION_EVENTS_CHANNEL);
  readonly #listeners: readonly SessionEventListener[];
  readonly #log: SessionEventLog | undefined;
  readonly #describe: SessionEventFields['request'];
  /** Whether events tell the owner. */
  readonly nameOwner: boolean;

  constructor(listeners: readonly SessionEventListener[] = [], log?: SessionEventLog, fields: SessionEventFields = {}) {
    this.#listeners = log ? [(event) => log.log(event), ...listeners] : listeners;
    this.#log = log;
    this.#describe = fields.request;
    this.nameOwner = fields.owner ?? false;
  }

  /** Where the events of one request go. */
  of(request: object): SessionEventSink {
    const describe = this.#describe;
    return describe ? new RequestEvents(this, () => describe(request)) : this;
  }

  /** Whether somebody observes events of this type. If not, the event need not be built. */
  isObserved(type: SessionEvent['type']): boolean {
    const others = this.#listeners.length - (this.#log ? 1 : 0);
    return others > 0 || this.#channel.hasSubscribers || (this.#log?.isObserved(type) ?? false);
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

/** Where events go. */
export interface SessionEventSink {
  /** Whether events tell the owner. */
  readonly nameOwner: boolean;
  isObserved(type: SessionEvent['type']): boolean;
  emit(event: SessionEvent): void;
}

/** Adds to each event what the application tells of its request. */
class RequestEvents implements SessionEventSink {
  readonly #events: SessionEvents;
  readonly #describe: () => Readonly<Record<string, unknown>>;

  constructor(events: SessionEvents, describe: () => Readonly<Record<string, unknown>>) {
    this.#events = events;
    this.#describe = describe;
  }

  get nameOwner(): boolean {
    return this.#events.nameOwner;
  }

  isObserved(type: SessionEvent['type']): boolean {
    return this.#events.isObserved(type);
  }

  emit(event: SessionEvent): void {
    if (this.#events.isObserved(event.type)) this.#events.emit({ ...event, ...this.#facts() });
  }

  // An observer cannot break a request.
  #facts(): RequestFacts {
    try {
      return { request: this.#describe() };
    } catch {
      return {};
    }
  }
}
