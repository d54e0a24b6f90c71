import type { HttpAdapterHost } from '@nestjs/core';
import type { RawRequest, RawResponse } from '../platform/raw-exchange.js';
import type { RequestSessionMiddleware } from './request-session-middleware.js';
import { isClaimed, rememberApplication, rememberResponse, type SessionsApplication } from './http-sessions.js';

interface FastifyLike {
  decorateRequest(name: string, value: null): unknown;
  addHook(
    name: 'onRequest',
    hook: (request: { raw: RawRequest }, reply: { raw: RawResponse }, done: (error?: Error) => void) => void,
  ): unknown;
}

interface ExpressLike {
  use(middleware: RequestSessionMiddleware): unknown;
}

/** Marks Node's server, for WebSockets; it exists once the application is initialized. */
export function attachToServer(application: SessionsApplication, host: HttpAdapterHost): void {
  const server: unknown = host.httpAdapter?.getHttpServer();
  if (typeof server === 'object' && server !== null) rememberApplication(server, application);
}

/**
 * Makes the way from a bare request to its application's sessions, so that middleware and guards find them. An
 * Express request knows its application and response; a Fastify one is told by a hook, before any middleware.
 * @param requestSession comes before every middleware of the application.
 */
export function attachToPlatform(
  application: SessionsApplication,
  host: HttpAdapterHost,
  requestSession?: RequestSessionMiddleware,
): void {
  const attach = (): void => {
    const adapter = host.httpAdapter as { getType?: () => string; getInstance?: () => unknown } | undefined;
    const instance = adapter?.getInstance?.();
    if (instance === null || (typeof instance !== 'object' && typeof instance !== 'function')) return;
    if (isClaimed(instance)) return; // By a second SessionsModule, which attachToServer refuses.
    rememberApplication(instance, application);
    if (adapter?.getType?.() !== 'fastify') {
      if (requestSession) (instance as ExpressLike).use(requestSession);
      return;
    }
    (instance as FastifyLike).addHook('onRequest', (request, reply, done) => {
      rememberResponse(request.raw, application, reply.raw);
      done();
    });
    if (!requestSession) return;
    // Plugins ask for the decorator.
    (instance as FastifyLike).decorateRequest('session', null);
    (instance as FastifyLike).addHook('onRequest', requestSession);
  };
  if (host.httpAdapter) attach();
  // A test creates its application, and with it the adapter, after its modules.
  else host.init$.subscribe(attach);
}
