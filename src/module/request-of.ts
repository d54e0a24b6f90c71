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
      // A connection lives for hours: each message reads anew, so that a session ended elsewhere is ended here. Nest
      // hands the same list of arguments to every guard, interceptor and parameter of one message.
      return httpSessionsOf(requestOfSocket(context.switchToWs().getClient()), undefined, context.getArgs());
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
