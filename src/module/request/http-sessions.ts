import { SessionError } from '../../errors/session.errors.js';
import { HttpCall } from '../../platform/http-call.js';
import type { RawRequest, RawResponse } from '../../platform/raw-exchange.js';
import { ResponseHold, type ResponseGate } from '../../platform/response-hold.js';
import { SessionExchange } from '../../session/session-exchange.js';
import type { SessionEvents } from '../../session/session-event.js';
import type { SessionProviders } from '../../session/session-providers.js';
import type { SessionClass } from '../../tracker/session-class.js';

export interface SessionsApplication {
  readonly providers: SessionProviders;
  readonly events: SessionEvents;
  allowsSocket(origin: string, hosts: readonly string[]): boolean;
  reportError(error: unknown): void;
  warnOnce(sentence: string): void;
}

/** Of a guard. Rejects with the error for the client. */
export type Recheck = (sessions: HttpSessions) => Promise<void>;

/** The sessions of one HTTP request and its response. */
export class HttpSessions implements ResponseGate {
  readonly exchange: SessionExchange;
  readonly call: HttpCall;
  readonly #application: SessionsApplication;
  readonly #hold: ResponseHold | undefined;
  #principals: Map<{ readonly type: SessionClass }, unknown> | undefined;
  #rechecks: Recheck[] | undefined;

  constructor(
    application: SessionsApplication,
    request: RawRequest,
    response: RawResponse | undefined,
    withheld = false,
  ) {
    this.call = new HttpCall(request, response, withheld);
    this.exchange = new SessionExchange(application.providers, this.call, application.events.of(request));
    this.#application = application;
    this.#hold = response && !response.headersSent ? new ResponseHold(response, this) : undefined;
  }

  get principals(): Map<{ readonly type: SessionClass }, unknown> {
    return (this.#principals ??= new Map());
  }

  /** Repeated before each event of a subscription. */
  get rechecks(): Recheck[] {
    return (this.#rechecks ??= []);
  }

  get held(): boolean {
    return this.call.held;
  }

  set held(held: boolean) {
    this.call.held = held;
  }

  handlerEnded(): Promise<void> | undefined {
    if (this.#reportLateChanges()) return undefined;
    const commit = this.exchange.commit(this.call.serverError);
    if (!commit || !this.#hold) return commit;
    return commit.catch((error: unknown) => {
      this.#hold?.expectFailureAnswer();
      throw error;
    });
  }

  handlerFailed(error: unknown): void {
    if (!this.#reportLateChanges() && error instanceof SessionError) this.#hold?.expectFailureAnswer();
  }

  handlerLeft(): void {
    this.#reportLateChanges();
  }

  reportError(error: unknown): void {
    this.#application.reportError(error);
  }

  #reportLateChanges(): boolean {
    if (!this.call.responded || !this.call.hasResponse) return false;
    this.exchange.reportLateChanges(this.call.serverError);
    return true;
  }

  commit(statusCode: number): Promise<void> | undefined {
    return this.exchange.commit(statusCode >= 500);
  }

  isSettled(statusCode: number): boolean {
    return this.exchange.isSettled(statusCode >= 500);
  }

  warnOnce(sentence: string): void {
    this.#application.warnOnce(sentence);
  }

  failure(error: unknown): { statusCode: number; body: string } {
    this.#application.reportError(error);
    return answerTo(error);
  }
}

function answerTo(error: unknown): { statusCode: number; body: string } {
  const statusCode = error instanceof SessionError ? (error.statusCode ?? 500) : 500;
  const message = statusCode !== 500 && error instanceof Error ? error.message : 'Internal server error';
  return { statusCode, body: JSON.stringify({ statusCode, message }) };
}
