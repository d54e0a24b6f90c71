import type { RequestSessions } from '../session/request-sessions.js';
import { SessionExchange } from '../session/session-exchange.js';
import type { SessionEvents } from '../session/session-event.js';
import type { SessionProviders } from '../session/session-providers.js';
import { FetchCall, type FetchRequest } from './fetch-call.js';

/** The sessions of one request. */
export interface FetchSessions extends RequestSessions {
  /**
   * Stores all changes, then sets `Set-Cookie`, `Vary` and `Cache-Control`.
   * @param options.status of the response; from 500 on, changes are dropped, unless `saveOnServerError` is set. Default
   * 200.
   * @throws {SessionError} without changing the headers.
   */
  saveTo(headers: Headers, options?: { readonly status?: number }): Promise<void>;
}

export class FetchExchange extends SessionExchange implements FetchSessions {
  readonly #fetchCall: FetchCall;

  constructor(providers: SessionProviders, request: FetchRequest, events: SessionEvents) {
    const call = new FetchCall(request);
    super(providers, call, events.of(request));
    this.#fetchCall = call;
  }

  async saveTo(headers: Headers, { status = 200 }: { readonly status?: number } = {}): Promise<void> {
    await this.commit(status >= 500);
    this.#fetchCall.applyTo(headers);
  }
}
