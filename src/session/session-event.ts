import { channel } from 'node:diagnostics_channel';
import type { RejectionReason } from '../tracker/session-tracker.js';

/** Fields are missing if unknown. */
export interface SessionFacts {
  readonly session: string;
  /** By id: the handle, as in `SessionsService.list`. A hash, not the id. */
  readonly handle?: string;
  /** Whole seconds since creation. */
  readonly ageInSeconds?: number;
  /** Only with `eventFields: { owner: true }`. */
  readonly owner?: string;
}

/** The result of `eventFields.request`. */
export interface RequestFacts {
  readonly request?: Readonly<Record<string, unknown>>;
}

/** Never contains content, ids or keys. */
export type SessionEvent = RequestFacts &
  (
    | (SessionFacts & { readonly type: 'loaded' | 'created' | 'changed' | 'renewed' | 'rotated' | 'cleared' })
    /** The client sent something that is not a session. */
    | (SessionFacts & {
        readonly type: 'rejected';
        readonly reason: RejectionReason;
        /** With `invalid`: the field, such as `items[0].price`. No content. */
        readonly path?: string;
      })
    /**
     * An id was used after its grace period: the client missed the new id, or it was stolen. `revoked`: the session was
     * ended (`onReplay`). Emitted in addition to `rejected`.
     */
    | (SessionFacts & { readonly type: 'replayed'; readonly revoked: boolean })
    /** The client sent several values with one name. */
    | (SessionFacts & { readonly type: 'duplicate'; readonly count: number })
    /** Parallel requests changed the same fields; `onClash` resolved them. */
    | (SessionFacts & { readonly type: 'conflict'; readonly fields: readonly string[] })
    /** A change was dropped because the session had ended or rotated. */
    | (SessionFacts & { readonly type: 'gone'; readonly reason: 'ended' | 'rotated' })
    | (SessionFacts & {
        readonly type: 'unavailable';
        readonly reason: 'storage-down';
        readonly operation: 'load' | 'store' | 'clear' | 'renew';
        readonly error: unknown;
      })
    /**
     * Changed after the response head was sent; the change is lost. `connection`: changed through `sessionsOf(request)`
     * of a socket and not saved.
     */
    | (SessionFacts & { readonly type: 'too-late'; readonly connection?: boolean })
    /** A WebSocket from a page of another site got no session. `origin`: the host of that site. */
    | {
        readonly type: 'foreign-origin';
        readonly session?: undefined;
        readonly reason: 'foreign-origin';
        readonly origin: string;
      }
    /** A new session was changed in a handler with `newSession: false`; the change is dropped. */
    | (SessionFacts & { readonly type: 'not-begun' })
    /** A `Secure` cookie was sent over what seems to be plain HTTP; browsers drop it. */
    | (SessionFacts & { readonly type: 'insecure'; readonly reason: 'secure-on-http' })
    /** The owner field was set to another owner and the content was kept. `sessions.login` clears it. */
    | (SessionFacts & { readonly type: 'owner-switched' })
    /**
     * A user began to act for another owner or called `stopActing`. By id, `handle` is the handle of the acting
     * session, `actor` that of the user's own. Without `stopActing`, acting ends at `until` without an event.
     */
    | (SessionFacts & {
        readonly type: 'acting';
        readonly step: 'began' | 'ended';
        readonly actor?: string;
        /** Epoch milliseconds, with `began`. */
        readonly until?: number;
      })
    /** A bounded storage was full and ended `count` live sessions, those without an owner first. */
    | { readonly type: 'evicted'; readonly session?: undefined; readonly count: number }
    /** Sessions of an owner were ended by `SessionsService`, or by a login beyond `maxPerOwner`. */
    | (SessionFacts & {
        readonly type: 'revoked';
        readonly count: number;
        readonly handles: readonly string[];
      })
  );

/** Errors of a listener are ignored. */
export type SessionEventListener = (event: SessionEvent) => void;

/** The `node:diagnostics_channel` of all events. */
export const SESSION_EVENTS_CHANNEL = 'nestjs-sessions';

export interface SessionEventLog {
  isObserved(type: SessionEvent['type']): boolean;
  log(event: SessionEvent): void;
}

/** Additional fields of events. */
export interface SessionEventFields {
  /** Includes the owner, which is personal data. Default `false`. */
  readonly owner?: boolean;
  /**
   * Describes the request of an event, for example `(request: IncomingMessage) => ({ address:
   * request.socket.remoteAddress, agent: request.headers['user-agent'] })`. Called for each event of a request.
   * Default: none.
   * @param request Node's request; with `openSessions`, the argument of `of`.
   */
  request?(this: void, request: object): Readonly<Record<string, unknown>>;
}

export class SessionEvents implements SessionEventSink {
  readonly #channel = channel(SESSION_EVENTS_CHANNEL);
  readonly #listeners: readonly SessionEventListener[];
  readonly #log: SessionEventLog | undefined;
  readonly #describe: SessionEventFields['request'];
  readonly nameOwner: boolean;

  constructor(listeners: readonly SessionEventListener[] = [], log?: SessionEventLog, fields: SessionEventFields = {}) {
    this.#listeners = log ? [(event) => log.log(event), ...listeners] : listeners;
    this.#log = log;
    this.#describe = fields.request;
    this.nameOwner = fields.owner ?? false;
  }

  of(request: object): SessionEventSink {
    const describe = this.#describe;
    return describe ? new RequestEvents(this, () => describe(request)) : this;
  }

  /** If `false`, the event need not be created. */
  isObserved(type: SessionEvent['type']): boolean {
    const others = this.#listeners.length - (this.#log ? 1 : 0);
    return others > 0 || this.#channel.hasSubscribers || (this.#log?.isObserved(type) ?? false);
  }

  emit(event: SessionEvent): void {
    if (this.#channel.hasSubscribers) this.#channel.publish(event);
    for (const listener of this.#listeners) {
      // Ignore errors and rejections of listeners.
      try {
        const done: unknown = listener(event);
        if (done instanceof Promise) done.catch(() => {});
      } catch {}
    }
  }
}

export interface SessionEventSink {
  readonly nameOwner: boolean;
  isObserved(type: SessionEvent['type']): boolean;
  emit(event: SessionEvent): void;
}

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

  // The application's function must not fail the request.
  #facts(): RequestFacts {
    try {
      return { request: this.#describe() };
    } catch {
      return {};
    }
  }
}
