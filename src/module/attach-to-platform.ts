import type { HttpAdapterHost } from '@nestjs/core';
import type { RawRequest, RawResponse } from '../platform/raw-exchange.js';
import { isClaimed, rememberApplication, rememberResponse, type SessionsApplication } from './http-sessions.js';

interface FastifyLike {
  addHook(
    name: 'onRequest',
    hook: (request: { raw: RawRequest }, reply: { raw: RawResponse }, done: () => void) => void,
  ): unknown;
}

/** Marks Node's server, for WebSockets; it exists once the application is initialized. */
export function attachToServer(application: SessionsApplication, host: HttpAdapterHost): void {
  const server: unknown = host.httpAdapter?.getHttpServer();
  if (typeof server === 'object' && server !== null) rememberApplication(server, application);
}

/**
 * Makes the way from a bare request to its application's sessions, so that middleware and guards find them. An
 * Express request knows its application and response; a Fastify one is told by a hook, before any middleware.
 */
export function attachToPlatform(application: SessionsApplication, host: HttpAdapterHost): void {
  const attach = (): void => {
    const adapter = host.httpAdapter as { getType?: () => string; getInstance?: () => unknown } | undefined;
    const instance = adapter?.getInstance?.();
    if (instance === null || (typeof instance !== 'object' && typeof instance !== 'function')) return;
    if (isClaimed(instance)) return; // By a second SessionsModule, which attachToServer refuses.
    rememberApplication(instance, application);
    if (adapter?.getType?.() !== 'fastify') return;
    (instance as FastifyLike).addHook('onRequest', (request, reply, done) => {
      rememberResponse(request.raw, application, reply.raw);
      done();
    });
  };
  if (host.httpAdapter) attach();
  // A test creates its application, and with it the adapter, after its modules.
  else host.init$.subscribe(attach);
}
