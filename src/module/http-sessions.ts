import type { OutgoingHttpHeaders } from 'node:http';
import { SessionConfigurationError, SessionError } from '../errors/session.errors.js';
import { HttpCall } from '../platform/http-call.js';
import {
  currentResponseOf,
  rawRequestOf,
  rawResponseOf,
  type RawRequest,
  type RawResponse,
} from '../platform/raw-exchange.js';
import { ResponseHold, type ResponseGate } from '../platform/response-hold.js';
import { SessionExchange } from '../session/session-exchange.js';
import type { SessionEvents } from '../session/session-event.js';
import type { SessionProviders } from '../session/session-providers.js';

// Symbols of the global registry: the package may be loaded twice, as ES module and as CommonJS.
const SESSIONS = Symbol.for('nestjs-sessions:sessions');
const RUNTIME = Symbol.for('nestjs-sessions:runtime');
const RESPONSE = Symbol.for('nestjs-sessions:response');

/** What the sessions of a request need of the application they belong to. */
export interface SessionsApplication {
  readonly providers: SessionProviders;
  readonly events: SessionEvents;
  /** Reports an error that no exception filter will see. */
  reportError(error: unknown): void;
  /** Writes a sentence into the log, the first time only. */
  warnOnce(sentence: string): void;
}

interface Marked {
  [SESSIONS]?: HttpSessions;
  [RUNTIME]?: SessionsApplication;
  [RESPONSE]?: RawResponse;
}

/**
 * The sessions of one HTTP request, tied to its response. A class, since V8 makes an object literal with accessors a slow
 * one: eleven times the memory, and 20 µs more for each request.
 */
export class HttpSessions implements ResponseGate {
  readonly sessions: SessionExchange;
  readonly call: HttpCall;
  readonly #application: SessionsApplication;

  constructor(application: SessionsApplication, request: RawRequest, response: RawResponse | undefined) {
    this.call = new HttpCall(request, response);
    this.sessions = new SessionExchange(application.providers, this.call, application.events);
    this.#application = application;
  }

  get held(): boolean {
    return this.call.held;
  }

  set held(held: boolean) {
    this.call.held = held;
  }

  /** The handler's result is complete: stores what it has changed. `undefined`: there is nothing to wait for. */
  handlerEnded(): Promise<void> | undefined {
    return this.#reportLateChanges() ? undefined : this.sessions.commit(this.call.serverError);
  }

  /** The handler has thrown. What is stored then is left to the hold, which knows how the response ends. */
  handlerFailed(): void {
    this.#reportLateChanges();
  }

  /** Whether the handler has responded by itself; whatever it changed since is lost. */
  #reportLateChanges(): boolean {
    if (!this.call.responded || !this.call.hasResponse) return false;
    this.sessions.reportLateChanges(this.call.serverError);
    return true;
  }

  commit(statusCode: number): Promise<void> | undefined {
    return this.sessions.commit(statusCode >= 500);
  }

  isSettled(statusCode: number): boolean {
    return this.sessions.isSettled(statusCode >= 500);
  }

  applyHead(response: RawResponse): void {
    this.call.head.applyTo(response);
  }

  joinHead(handed: OutgoingHttpHeaders): OutgoingHttpHeaders {
    return this.call.head.joinedWith(handed);
  }

  /** Writes a sentence into the application's log, the first time only. */
  warnOnce(sentence: string): void {
    this.#application.warnOnce(sentence);
  }

  failure(error: unknown): { statusCode: number; body: string } {
    this.#application.reportError(error);
    return answerTo(error);
  }
}

/** Lets {@link httpSessionsOf} find the sessions of requests of this Express application, Fastify instance or server. */
export function rememberApplication(platform: object, application: SessionsApplication): void {
  const marked = platform as Marked;
  if (marked[RUNTIME] && marked[RUNTIME] !== application) {
    throw new SessionConfigurationError(
      'SessionsModule.forRoot() is imported twice in one application. Import it once, in the root module, and add ' +
        'sessions of feature modules by SessionsModule.forFeature([…]).',
    );
  }
  marked[RUNTIME] = application;
}

/** Whether an application's sessions are tied to this platform or server already. */
export function isClaimed(platform: object): boolean {
  return (platform as Marked)[RUNTIME] !== undefined;
}

/**
 * Lets {@link httpSessionsOf} find application and response of a raw request. Marks it only where Node does not tell:
 * every request comes through here, whether somebody asks for its sessions or not.
 */
export function rememberResponse(request: RawRequest, runtime: SessionsApplication, response: RawResponse): void {
  if (currentResponseOf(request) === response && serverOf(request)?.[RUNTIME] === runtime) return;
  const marked = request as Marked;
  marked[RUNTIME] = runtime;
  marked[RESPONSE] = response;
}

/**
 * The sessions of a request, made at the first call; the same for the platform's request and Node's own.
 * @param request of Express, Fastify or Node.
 * @param response the response to it, where the caller knows it.
 * @throws {SessionError} for something that is no request, or one that no `SessionsModule` has seen.
 */
export function httpSessionsOf(request: unknown, response?: unknown): HttpSessions {
  const present = (rawRequestOf(request) as Marked | undefined)?.[SESSIONS];
  if (present) return present;
  const { raw, sessions } = openSessions(request, response);
  (raw as Marked)[SESSIONS] = sessions;
  return sessions;
}

/** Like {@link httpSessionsOf}, but read anew and remembered nowhere: for one message of a long-lived connection. */
export function freshSessionsOf(request: unknown): HttpSessions {
  return openSessions(request).sessions;
}

function openSessions(request: unknown, response?: unknown): { raw: RawRequest; sessions: HttpSessions } {
  const raw = rawRequestOf(request);
  if (!raw) throw noRequest();
  const marked = raw as RawRequest & Marked;
  const runtime = marked[RUNTIME] ?? applicationOf(request) ?? applicationOf(raw);
  if (!runtime) throw notInstalled();
  return { raw, sessions: open(runtime, raw, rawResponseOf(response) ?? responseTo(marked)) };
}

function responseTo(request: RawRequest & Marked & { res?: unknown }): RawResponse | undefined {
  return request[RESPONSE] ?? rawResponseOf(request.res) ?? currentResponseOf(request);
}

function open(application: SessionsApplication, request: RawRequest, response: RawResponse | undefined): HttpSessions {
  const sessions = new HttpSessions(application, request, response);
  if (response && !response.headersSent) new ResponseHold(response, sessions);
  return sessions;
}

function applicationOf(request: unknown): SessionsApplication | undefined {
  const { app, server } = request as { app?: Marked; server?: Marked };
  // Express application, Fastify instance, and for a request of Node itself, which knows neither, Node's server.
  return app?.[RUNTIME] ?? server?.[RUNTIME] ?? serverOf(request)?.[RUNTIME];
}

function serverOf(request: unknown): Marked | undefined {
  return (request as { socket?: { server?: Marked } }).socket?.server;
}

// The same body as Nest's own exception filter gives; the message of a programming error is not for clients.
function answerTo(error: unknown): { statusCode: number; body: string } {
  const statusCode = error instanceof SessionError ? (error.statusCode ?? 500) : 500;
  const message = statusCode !== 500 && error instanceof Error ? error.message : 'Internal server error';
  return { statusCode, body: JSON.stringify({ statusCode, message }) };
}

function noRequest(): SessionError {
  return new SessionError(
    'SESSION_NO_REQUEST',
    'There is no HTTP request to take sessions from. For GraphQL put it into the context as { req }; for WebSockets ' +
      'keep the upgrade request: client.request = request in handleConnection(client, request).',
  );
}

function notInstalled(): SessionError {
  return new SessionError(
    'SESSION_NO_REQUEST',
    'Application plugin Sessions is not installed. Import SessionsModule.forRoot() in the root module; the request ' +
      'must be one that this application received.',
  );
}
