import { SessionConfigurationError, SessionError } from '../../errors/session.errors.js';
import {
  currentResponseOf,
  isUpgrade,
  rawRequestOf,
  rawResponseOf,
  type RawRequest,
  type RawResponse,
} from '../../platform/raw-exchange.js';
import type { RequestSessions } from '../../session/request-sessions.js';
import { HttpSessions, type SessionsApplication } from './http-sessions.js';
import { hostsOf } from './socket-origin.js';

// Global, because ESM and CommonJS may both be loaded.
const SESSIONS = Symbol.for('nestjs-sessions:sessions');
const RUNTIME = Symbol.for('nestjs-sessions:runtime');
const RESPONSE = Symbol.for('nestjs-sessions:response');
const SOCKET_REQUEST = Symbol.for('nestjs-sessions:socket-request');
const OF_SOCKET = Symbol.for('nestjs-sessions:of-socket');
const SHARED = Symbol.for('nestjs-sessions:shared');

const UNSTORED_AFTER_MILLISECONDS = 200;

interface Marked {
  [SESSIONS]?: HttpSessions;
  [RUNTIME]?: SessionsApplication;
  [RESPONSE]?: RawResponse;
  /** `foreign`: opened by another site. */
  [OF_SOCKET]?: { readonly foreign: boolean };
  /** During `handleConnection`. */
  [SHARED]?: { readonly sessions: HttpSessions; users: number };
}

/** @param platform Express application, Fastify instance or server. */
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

export function isClaimed(platform: object): boolean {
  return (platform as Marked)[RUNTIME] !== undefined;
}

export function rememberResponse(request: RawRequest, application: SessionsApplication, response: RawResponse): void {
  if (currentResponseOf(request) === response && serverOf(request)?.[RUNTIME] === application) return;
  const marked = request as Marked;
  marked[RUNTIME] = application;
  marked[RESPONSE] = response;
}

/**
 * The sessions of a request, for middleware, guards and filters (Ktor: `call.sessions`).
 * @param request of Express, Fastify or Node.
 * @throws {SessionError} if no `SessionsModule` handles it.
 */
export function sessionsOf(request: object): RequestSessions {
  return httpSessionsOf(request).exchange;
}

/**
 * The same on each call, but new ones over a socket.
 * @param request of Express, Fastify or Node, a socket, or a GraphQL context.
 */
export function httpSessionsOf(request: unknown, response?: unknown): HttpSessions {
  const raw = rawRequestOf(request) ?? rawRequestBehind(request);
  if (!raw) throw noRequest();
  const present = (raw as Marked)[SESSIONS];
  if (present) return present;
  const inContext = requestInContext(raw);
  if (inContext) return httpSessionsOf(inContext, response);
  const sessions = openSessions(request, raw, response);
  if (sessions.call.hasResponse) (raw as Marked)[SESSIONS] = sessions;
  else reportUnstoredLater(sessions);
  return sessions;
}

/** Reports unsaved changes over a connection. */
export function reportUnstoredLater({ exchange }: HttpSessions): void {
  setTimeout(() => exchange.reportUnstored(), UNSTORED_AFTER_MILLISECONDS).unref();
}

/** What {@link httpSessionsOf} has returned, if called. */
export function rememberedSessionsOf(request: unknown): HttpSessions | undefined {
  const raw = rawRequestOf(request) ?? rawRequestBehind(request);
  return raw && (raw as Marked)[SESSIONS];
}

/** For one message of a connection. */
export function freshSessionsOf(request: unknown): HttpSessions {
  const raw = rawRequestOf(request) ?? rawRequestBehind(request);
  if (!raw) throw noRequest();
  return openSessions(request, raw);
}

/** @param application of the gateway, if the server has none: two applications may have the same gateway. */
export function rememberSocket(socket: object, request: RawRequest, application: SessionsApplication): void {
  if (Object.isExtensible(socket)) {
    Object.defineProperty(socket, SOCKET_REQUEST, { value: request, configurable: true });
  }
  const marked: RawRequest & Marked = request;
  const runtime = (marked[RUNTIME] ??= applicationOf(request) ?? application);
  const server = serverOf(request);
  if (server && !server[RUNTIME]) server[RUNTIME] = runtime;
  if (!marked[SHARED]) delete marked[SESSIONS];
  if (!marked[OF_SOCKET]) markSocket(marked, runtime);
}

/** The gateways of one port share them. @returns also what ends the sharing. */
export function shareSessions(request: RawRequest): { readonly sessions: HttpSessions; readonly end: () => void } {
  const marked: RawRequest & Marked = request;
  const shared = (marked[SHARED] ??= { sessions: openSessions(request, request), users: 0 });
  shared.users += 1;
  marked[SESSIONS] = shared.sessions;
  const end = (): void => {
    shared.users -= 1;
    if (shared.users > 0) return;
    delete marked[SHARED];
    delete marked[SESSIONS];
  };
  return { sessions: shared.sessions, end };
}

/** @param holder a request, a gateway's client or a graphql-ws context. */
export function rawRequestBehind(holder: unknown): RawRequest | undefined {
  if (typeof holder !== 'object' || holder === null) return undefined;
  const { [SOCKET_REQUEST]: remembered, request, upgradeReq, req, extra, res } = holder as SocketLike;
  const candidates = [holder, remembered, extra?.request, request, upgradeReq, req, req?.extra?.request, res?.req];
  for (const candidate of candidates) {
    const raw = candidate === undefined || candidate === null ? undefined : rawRequestOf(candidate);
    if (raw) return raw;
  }
  return undefined;
}

/** Of a GraphQL context that also has the headers. */
function requestInContext(candidate: object): RawRequest | undefined {
  if (Object.getPrototypeOf(candidate) !== Object.prototype) return undefined;
  const { req, request } = candidate as SocketLike;
  return rawRequestOf(req ?? undefined) ?? rawRequestOf(request ?? undefined);
}

interface SocketLike {
  readonly [SOCKET_REQUEST]?: unknown;
  readonly request?: unknown;
  readonly upgradeReq?: unknown;
  readonly req?: { readonly extra?: { readonly request?: unknown } };
  readonly extra?: { readonly request?: unknown };
  /** Of a copied Express request. */
  readonly res?: { readonly req?: unknown };
}

function openSessions(request: unknown, raw: RawRequest, response?: unknown): HttpSessions {
  const marked = raw as RawRequest & Marked;
  const runtime = marked[RUNTIME] ?? applicationOf(request) ?? applicationOf(raw);
  if (!runtime) throw notFound(request, raw);
  if (isUpgrade(raw) && !marked[OF_SOCKET]) markSocket(marked, runtime);
  const socket = marked[OF_SOCKET];
  if (socket) return new HttpSessions(runtime, raw, undefined, socket.foreign);
  return new HttpSessions(runtime, raw, rawResponseOf(response) ?? responseTo(marked));
}

function markSocket(request: RawRequest & Marked, runtime: SessionsApplication): void {
  const { origin, host, 'x-forwarded-host': forwarded, ':authority': authority } = request.headers;
  const foreign =
    typeof origin === 'string' &&
    !runtime.allowsSocket(
      origin,
      // A page cannot set headers of a WebSocket, a proxy can.
      [host, forwarded, authority].flatMap((one) => (typeof one === 'string' ? hostsOf(one) : [])),
    );
  Object.defineProperty(request, OF_SOCKET, { value: { foreign }, configurable: true });
  if (!foreign) return;
  const events = runtime.events.of(request);
  events.emit({ type: 'foreign-origin', reason: 'foreign-origin', origin: hostOf(origin) });
}

function hostOf(origin: string): string {
  try {
    return new URL(origin).host || 'an unknown origin';
  } catch {
    return 'an unknown origin';
  }
}

function responseTo(request: RawRequest & Marked & { res?: unknown }): RawResponse | undefined {
  return request[RESPONSE] ?? rawResponseOf(request.res) ?? currentResponseOf(request);
}

interface ExpressLike extends Marked {
  readonly parent?: ExpressLike;
}

interface ServerLike extends Marked {
  listeners?(event: string): readonly unknown[];
}

function applicationOf(request: unknown): SessionsApplication | undefined {
  const { app, server } = request as { app?: ExpressLike; server?: Marked };
  for (let one = app; one; one = one.parent) if (one[RUNTIME]) return one[RUNTIME];
  return server?.[RUNTIME] ?? applicationOfServer(serverOf(request));
}

/** For `createServer(express)`. */
function applicationOfServer(server: ServerLike | undefined): SessionsApplication | undefined {
  if (!server || server[RUNTIME]) return server?.[RUNTIME];
  for (const listener of server.listeners?.('request') ?? []) {
    const application = (listener as Marked)[RUNTIME];
    if (application) return application;
  }
  return undefined;
}

function serverOf(request: unknown): ServerLike | undefined {
  return (request as { socket?: { server?: ServerLike } }).socket?.server;
}

function noRequest(): SessionError {
  return new SessionError(
    'SESSION_NO_REQUEST',
    'There is no HTTP request to take sessions from. Pass the request of Express, Fastify or Node, a socket of a ' +
      'gateway, or a GraphQL context that has the request as req.',
  );
}

function notFound(request: unknown, raw: RawRequest): SessionError {
  const { app, server } = request as { app?: unknown; server?: unknown };
  const looked = [
    ...(app ? ['its Express application and those that it is mounted in'] : []),
    ...(server ? ['its Fastify instance'] : []),
    serverOf(raw) ? 'the server of its connection and what listens there' : 'its connection, which has no server',
  ];
  return new SessionError(
    'SESSION_NO_REQUEST',
    `No application with SessionsModule.forRoot() was found for this request. Looked at: ${looked.join('; ')}. Import ` +
      'SessionsModule.forRoot() in the root module, and ask for sessions of requests that this application received.',
  );
}
