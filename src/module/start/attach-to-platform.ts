import type { HttpAdapterHost } from '@nestjs/core';
import type { AsyncLocalStorage } from 'node:async_hooks';
import type { RawRequest, RawResponse } from '../../platform/raw-exchange.js';
import type { RequestSessionMiddleware } from '../request/request-session-middleware.js';
import type { CsrfProtection } from './csrf-hint.js';
import type { SessionsApplication } from '../request/http-sessions.js';
import { isClaimed, rememberApplication, rememberResponse } from '../request/sessions-of-request.js';
import { watchCookies } from './watched-cookies.js';

type FastifyHook = (request: { raw: RawRequest }, reply: { raw: RawResponse }, done: (error?: Error) => void) => void;

interface FastifyLike {
  decorateRequest(name: string, value: null): unknown;
  addHook(name: 'onRequest' | 'preValidation', hook: FastifyHook): unknown;
}

interface ExpressLike {
  use(middleware: RequestSessionMiddleware): unknown;
  readonly response?: object;
  handle?(this: ExpressLike, request: RawRequest, ...rest: unknown[]): unknown;
}

interface AttachedApplication extends SessionsApplication {
  readonly requests: AsyncLocalStorage<RawRequest> | undefined;
}

export function attachToServer(application: SessionsApplication, host: HttpAdapterHost): void {
  const server: unknown = host.httpAdapter?.getHttpServer();
  if (typeof server === 'object' && server !== null) rememberApplication(server, application);
}

/**
 * Links requests to their application.
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
    if (isClaimed(instance)) return; // attachToServer throws
    rememberApplication(instance, application);
    csrf.watch(adapter);
    if (adapter?.getType?.() === 'fastify') {
      hookFastify(application, instance as FastifyLike);
      if (!requestSession) return;
      // Fastify plugins check for it.
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
  // The body ends outside the context.
  if (requests) instance.addHook('preValidation', (request, _reply, done) => requests.run(request.raw, done));
}

// `use` would create Express' router too early.
function hookExpress(requests: AsyncLocalStorage<RawRequest>, instance: ExpressLike): void {
  const handle = instance.handle?.bind(instance);
  if (handle) instance.handle = (request, ...rest) => requests.run(request, handle, request, ...rest);
}
