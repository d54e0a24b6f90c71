import type { ExecutionContext } from '@nestjs/common';
import { AsyncLocalStorage } from 'node:async_hooks';
import { freshSessionsOf, httpSessionsOf, type HttpSessions } from './http-sessions.js';

// Nest hands the guards, the interceptor and the parameters of one WebSocket message nothing that they have in common.
const messages = new AsyncLocalStorage<HttpSessions>();

/** The sessions behind an execution context: HTTP, GraphQL (the context's request) or WebSocket (the upgrade request). */
export function sessionsOfContext(context: ExecutionContext): HttpSessions {
  switch (context.getType<string>()) {
    case 'http':
      return httpSessionsOf(context.switchToHttp().getRequest(), context.switchToHttp().getResponse());
    case 'graphql':
      return httpSessionsOf(...requestOfGraphQl(context.getArgByIndex(2)));
    case 'ws':
      // A connection lives for hours: each message reads anew, so that a session ended elsewhere is ended here.
      return messages.getStore() ?? freshSessionsOf(requestOfSocket(context.switchToWs().getClient()));
    default:
      return httpSessionsOf(undefined);
  }
}

/** Runs the handler of a WebSocket message so that its parameters share the sessions of its interceptor. */
export function runWithSessions<T>(context: ExecutionContext, sessions: HttpSessions, run: () => T): T {
  return context.getType<string>() === 'ws' ? messages.run(sessions, run) : run();
}

function requestOfGraphQl(
  context: { req?: unknown; request?: unknown; res?: unknown; reply?: unknown } | undefined,
): [unknown, unknown] {
  return [context?.req ?? context?.request, context?.res ?? context?.reply];
}

// socket.io keeps the upgrade request by itself; for ws the gateway keeps it in handleConnection.
function requestOfSocket(client: { request?: unknown; upgradeReq?: unknown } | undefined): unknown {
  return client?.request ?? client?.upgradeReq;
}
