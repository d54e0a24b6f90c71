import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import 'reflect-metadata';
import { SessionError } from '../../errors/session.errors.js';
import type { RawRequest } from '../../platform/raw-exchange.js';
import type { SessionsApplication } from '../request/http-sessions.js';
import {
  isClaimed,
  rawRequestBehind,
  rememberApplication,
  rememberSocket,
  shareSessions,
} from '../request/sessions-of-request.js';
import { refusalOfGateway } from '../request/refusal.js';
import {
  forwardExceptions,
  loadWsException,
  rememberException,
  type WsFilter,
} from '../request/transport-exceptions.js';
import { FILTERS, GATEWAY } from '../handlers/nest-metadata.js';

const APPLICATION = Symbol.for('nestjs-sessions:application-of-gateway');
const FORWARDING = Symbol.for('nestjs-sessions:forwards-exceptions');
const WATCHED = Symbol.for('nestjs-sessions:watched-connections');
const SERVER = Symbol.for('nestjs-sessions:server-of-gateway');

interface Watched {
  [WATCHED]?: boolean;
}

type ConnectionHandler = (this: object, client: object, ...rest: unknown[]) => unknown;
type ServerHandler = (this: object, server: unknown) => unknown;

interface Gateway {
  [APPLICATION]?: SessionsApplication;
  [SERVER]?: unknown;
  handleConnection?: ConnectionHandler & Watched;
  afterInit?: ServerHandler & Watched;
}

export function gatewaysOf(discovery: DiscoveryService): ReadonlySet<new (...args: never[]) => object> {
  const gateways = new Set<new (...args: never[]) => object>();
  for (const { metatype } of discovery.getProviders()) {
    if (typeof metatype !== 'function' || typeof metatype.prototype !== 'object') continue;
    if (Reflect.hasMetadata(GATEWAY, metatype)) gateways.add(metatype as new (...args: never[]) => object);
  }
  return gateways;
}

/**
 * Links sockets to their upgrade requests, and stores changes of `handleConnection`. Call it before Nest connects the
 * gateways.
 */
export function watchConnections(application: SessionsApplication, discovery: DiscoveryService): void {
  for (const type of gatewaysOf(discovery)) {
    const gateway = type.prototype as Gateway;
    filterErrors(type, application);
    Object.defineProperty(gateway, APPLICATION, { value: application, configurable: true });
    const { handleConnection, afterInit } = gateway;
    watch<ConnectionHandler>(gateway, 'handleConnection', function (client, ...rest) {
      return connected(this, client, rest, () => handleConnection?.call(this, client, ...rest));
    });
    watch<ServerHandler>(gateway, 'afterInit', function (server) {
      Object.defineProperty(this, SERVER, { value: server, configurable: true });
      return afterInit?.call(this, server);
    });
  }
}

function watch<T extends object>(gateway: Gateway, name: 'handleConnection' | 'afterInit', watched: T): void {
  if (gateway[name]?.[WATCHED]) return;
  const value = Object.assign(watched, { [WATCHED]: true });
  Object.defineProperty(gateway, name, { value, writable: true, configurable: true });
}

/** Marks servers of separate ports, for `io.use` and `verifyClient`, which run before the first connection. */
export function attachToGateways(application: SessionsApplication, discovery: DiscoveryService): void {
  for (const { metatype, instance } of discovery.getProviders()) {
    if (typeof metatype !== 'function' || !Reflect.hasMetadata(GATEWAY, metatype)) continue;
    const server = httpServerOf((instance as Gateway | null)?.[SERVER]);
    if (server && !isClaimed(server)) rememberApplication(server, application);
  }
}

/** @param server of socket.io, its namespace, or of `ws`. */
function httpServerOf(server: unknown): object | undefined {
  const { httpServer, server: outer, _server } = (server ?? {}) as ServerOfGateway;
  const found = httpServer ?? outer?.httpServer ?? _server;
  return typeof found === 'object' && found !== null ? found : undefined;
}

interface ServerOfGateway {
  readonly httpServer?: unknown;
  readonly server?: { readonly httpServer?: unknown };
  readonly _server?: unknown;
}

export async function prepareGateways(discovery: DiscoveryService): Promise<void> {
  const gateways = gatewaysOf(discovery);
  if (gateways.size === 0) return;
  const { exception, filter } = await loadWsException();
  for (const gateway of gateways) {
    rememberException(gateway, exception);
    for (const one of filtersOf(gateway)) if (one instanceof GatewayErrorFilter) one.filter = filter;
  }
}

/**
 * Sends errors of `sessionsOf(…)` in guards and pipes, instead of "Internal server error". The application's filters
 * come first.
 */
@Catch(SessionError)
class GatewayErrorFilter implements ExceptionFilter<SessionError> {
  filter: WsFilter | undefined;
  readonly #gateway: object;
  readonly #application: SessionsApplication;

  constructor(gateway: object, application: SessionsApplication) {
    this.#gateway = gateway;
    this.#application = application;
  }

  catch(failure: SessionError, host: ArgumentsHost): void {
    if (failure.statusCode === undefined) this.#application.reportError(failure);
    const refused = refusalOfGateway(this.#gateway, failure);
    if (this.filter && refused) new this.filter().catch(refused, host);
  }
}

function filterErrors(gateway: object, application: SessionsApplication): void {
  // Replaces the filter of an earlier application with the same class.
  const others = filtersOf(gateway).filter((one) => !(one instanceof GatewayErrorFilter));
  Reflect.defineMetadata(FILTERS, [new GatewayErrorFilter(gateway, application), ...others], gateway);
}

function filtersOf(gateway: object): readonly unknown[] {
  const present: unknown = Reflect.getMetadata(FILTERS, gateway);
  return Array.isArray(present) ? present : [];
}

function connected(gateway: Gateway, client: object, rest: readonly unknown[], handle: () => unknown): unknown {
  const application = gateway[APPLICATION];
  const request = rawRequestBehind(rest[0]) ?? rawRequestBehind(client);
  if (!application || !request) return handle();
  rememberSocket(client, request, application);
  if (!Object.hasOwn(client, FORWARDING)) {
    Object.defineProperty(client, FORWARDING, { value: true });
    forwardExceptions(client);
  }
  return storing(request, handle);
}

function storing(request: RawRequest, handle: () => unknown): unknown {
  const { sessions, end: stopSharing } = shareSessions(request);
  const store = async (): Promise<void> => {
    stopSharing();
    try {
      await sessions.handlerEnded();
    } catch (error) {
      sessions.reportError(error);
    }
  };
  let result: unknown;
  try {
    result = handle();
  } catch (error) {
    stopSharing();
    throw error;
  }
  if (!(result instanceof Promise)) {
    void store();
    return result;
  }
  return result.then(
    async (value: unknown) => {
      await store();
      return value;
    },
    (error: unknown) => {
      stopSharing();
      throw error;
    },
  );
}
