import type { ExecutionContext } from '@nestjs/common';
import { httpSessionsOf, type HttpSessions } from './http-sessions.js';

/** The sessions behind an execution context: HTTP, GraphQL (the context's request) or WebSocket (the upgrade request). */
export function sessionsOfContext(context: ExecutionContext): HttpSessions {
  switch (context.getType<string>()) {
    case 'http':
      return httpSessionsOf(context.switchToHttp().getRequest(), context.switchToHttp().getResponse());
    case 'graphql':
      return httpSessionsOf(...requestOfGraphQl(context.getArgByIndex(2)));
    case 'ws':
      return httpSessionsOf(requestOfSocket(context.switchToWs().getClient()));
    default:
      return httpSessionsOf(undefined);
  }
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
