import { channel } from 'node:diagnostics_channel';
import type { RejectionReason } from '../tracker/session-tracker.js';

export interface SessionFacts {
  readonly session: string;
  /** As in `SessionsService.list`: a hash. */
  readonly handle?: string;
  readonly ageInSeconds?: number;
  /** With `eventFields: { owner: true }`. */
  readonly owner?: string;
}

export interface RequestFacts {
  readonly request?: Readonly<Record<string, unknown>>;
}

/** Never contains content, ids or keys. */
export type SessionEvent = RequestFacts &
  (
    | (SessionFacts & { readonly type: 'loaded' | 'created' | 'changed' | 'renewed' | 'rotated' | 'cleared' })
    | (SessionFacts & {
        readonly type: 'rejected';
        readonly reason: RejectionReason;
        /** With `invalid`: the field, such as `items[0].price`. */
        readonly path?: string;
      })
    /** An old id after its grace period, missed or stolen. Follows `rejected`. */
    | (SessionFacts & { readonly type: 'replayed'; readonly revoked: boolean })
    | (SessionFacts & { readonly type: 'duplicate'; readonly count: number })
    /** Parallel changes, resolved by `onClash`. */
    | (SessionFacts & { readonly type: 'conflict'; readonly fields: readonly string[] })
    /** A change of an ended or rotated session was dropped. */
    | (SessionFacts & { readonly type: 'gone'; readonly reason: 'ended' | 'rotated' })
    | (SessionFacts & {
        readonly type: 'unavailable';
        readonly reason: 'storage-down';
        readonly operation: 'load' | 'store' | 'clear' | 'renew';
        readonly error: unknown;
      })
    /** A change after the response head, or unsaved on a connection, is lost. */
    | (SessionFacts & { readonly type: 'too-late'; readonly connection?: boolean })
    /** A WebSocket of another site, `origin`, got no session. */
    | {
        readonly type: 'foreign-origin';
        readonly session?: undefined;
        readonly reason: 'foreign-origin';
        readonly origin: string;
      }
    /** A change with `newSession: false` was dropped. */
    | (SessionFacts & { readonly type: 'not-begun' })
    /** A `Secure` cookie was sent over plain HTTP; browsers drop it. */
    | (SessionFacts & { readonly type: 'insecure'; readonly reason: 'secure-on-http' })
    /** The owner changed and the content was kept. `login` clears it. */
    | (SessionFacts & { readonly type: 'owner-switched' })
    /** `actor`: the handle of the user's own session. Acting that ends at `until` emits no event. */
    | (SessionFacts & {
        readonly type: 'acting';
        readonly step: 'began' | 'ended';
        readonly actor?: string;
        /** Epoch milliseconds. */
        readonly until?: number;
      })
    | { readonly type: 'evicted'; readonly session?: undefined; readonly count: number }
    /** By `SessionsService` or `maxPerOwner`. */
    | (SessionFacts & {
        readonly type: 'revoked';
        readonly count: number;
        readonly handles: readonly string[];
      })
  );

/** Errors are ignored. */
export type SessionEventListener = (event: SessionEvent) => void;

/** Its name in `node:diagnostics_channel`. */
export const SESSION_EVENTS_CHANNEL = 'nestjs-sessions';

export interface SessionEventLog {
  isObserved(type: SessionEvent['type']): boolean;
  log(event: SessionEvent): void;
}

export interface SessionEventFields {
  /** Personal data. Default `false`. */
  readonly owner?: boolean;
  /**
   * Describes the request of an event, such as its address. Default: none.
   * @param request Node's; with `openSessions`, the argument of `of`.
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

  isObserved(type: SessionEvent['type']): boolean {
    const others = this.#listeners.length - (this.#log ? 1 : 0);
    return others > 0 || this.#channel.hasSubscribers || (this.#log?.isObserved(type) ?? false);
  }

  emit(event: SessionEvent): void {
    if (this.#channel.hasSubscribers) this.#channel.publish(event);
    for (const listener of this.#listeners) {
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

  // Its error must not fail the request.
  #facts(): RequestFacts {
    try {
      return { request: this.#describe() };
    } catch {
      return {};
    }
  }
}
