import type { HttpAdapterHost } from '@nestjs/core';
import type { AsyncLocalStorage } from 'node:async_hooks';
import type { RawRequest, RawResponse } from '../platform/raw-exchange.js';
import type { RequestSessionMiddleware } from './request-session-middleware.js';
import type { CsrfProtection } from './csrf-protection.js';
import { watchCookies } from './watched-cookies.js';
import { isClaimed, rememberApplication, rememberResponse, type SessionsApplication } from './http-sessions.js';

type FastifyHook = (request: { raw: RawRequest }, reply: { raw: RawResponse }, done: (error?: Error) => void) => void;

interface FastifyLike {
  decorateRequest(name: string, value: null): unknown;
  addHook(name: 'onRequest' | 'preValidation', hook: FastifyHook): unknown;
}

interface ExpressLike {
  use(middleware: RequestSessionMiddleware): unknown;
  /** Prototype of its responses. */
  readonly response?: object;
  handle?(this: ExpressLike, request: RawRequest, ...rest: unknown[]): unknown;
}

interface AttachedApplication extends SessionsApplication {
  readonly requests: AsyncLocalStorage<RawRequest> | undefined;
}

/** For WebSockets. Call it after the application is initialized. */
export function attachToServer(application: SessionsApplication, host: HttpAdapterHost): void {
  const server: unknown = host.httpAdapter?.getHttpServer();
  if (typeof server === 'object' && server !== null) rememberApplication(server, application);
}

/**
 * Links each request to its application, so that middleware and guards find the sessions.
 * @param requestSession runs before the application's middleware.
 */
export function attachToPlatform(
  application: AttachedApplication,
  host: HttpAdapterHost,
  csrf: CsrfProtection,
  requestSession?: RequestSessionMiddleware,
): void {
  const attach = (): void => {
    const adapter = host.httpAdapter as { getType?: () => string; getInstance?: () => unknown } | undefined;
    const instance = adapter?.getInstance?.();
    if (instance === null || (typeof instance !== 'object' && typeof instance !== 'function')) return;
    if (isClaimed(instance)) return; // By another SessionsModule; attachToServer throws.
    rememberApplication(instance, application);
    csrf.watch(adapter);
    if (adapter?.getType?.() === 'fastify') {
      hookFastify(application, instance as FastifyLike);
      if (!requestSession) return;
      // Plugins check for this decorator.
      (instance as FastifyLike).decorateRequest('session', null);
      (instance as FastifyLike).addHook('onRequest', requestSession);
      return;
    }
    const { response } = instance as ExpressLike;
    if (response) watchCookies(application, response);
    if (application.requests) hookExpress(application.requests, instance as ExpressLike);
    if (requestSession) (instance as ExpressLike).use(requestSession);
  };
  if (host.httpAdapter) attach();
  // In tests, modules exist before the adapter.
  else host.init$.subscribe(attach);
}

function hookFastify(application: AttachedApplication, instance: FastifyLike): void {
  const { requests } = application;
  const watched = new WeakSet<object>();
  instance.addHook('onRequest', (request, reply, done) => {
    rememberResponse(request.raw, application, reply.raw);
    // Plugins add methods to it after this one.
    const prototype = Object.getPrototypeOf(reply) as object;
    if (!watched.has(prototype)) {
      watched.add(prototype);
      watchCookies(application, prototype);
    }
    if (requests) requests.run(request.raw, done);
    else done();
  });
  // The body ends in an event without request context.
  if (requests) instance.addHook('preValidation', (request, _reply, done) => requests.run(request.raw, done));
}

// The first call of `use` would create Express' router with the settings at that time.
function hookExpress(requests: AsyncLocalStorage<RawRequest>, instance: ExpressLike): void {
  const handle = instance.handle?.bind(instance);
  if (handle) instance.handle = (request, ...rest) => requests.run(request, handle, request, ...rest);
}
