import type { ExecutionContext } from '@nestjs/common';
import { freshSessionsOf, httpSessionsOf, type HttpSessions } from './http-sessions.js';

/** The sessions behind an execution context: HTTP, GraphQL (the context's request) or WebSocket (the upgrade request). */
export function sessionsOfContext(context: ExecutionContext): HttpSessions {
  switch (context.getType<string>()) {
    case 'http':
      // The arguments themselves: each switchToHttp() would make an object for them.
      return httpSessionsOf(context.getArgByIndex(0), context.getArgByIndex(1));
    case 'graphql':
      return httpSessionsOf(...requestOfGraphQl(context.getArgByIndex(2)));
    case 'ws':
      return sessionsOfMessage(context);
    default:
      return httpSessionsOf(undefined);
  }
}

const OF_MESSAGE = Symbol.for('nestjs-sessions:of-message');

interface MessageHolder {
  readonly [OF_MESSAGE]: HttpSessions;
}

/**
 * A connection lives for hours: each message reads anew, so that a session ended elsewhere is ended here. Guards,
 * interceptor and parameters of one message have only the list of its arguments in common, of which parameters get a
 * copy; so the sessions travel in it, before the pattern, which stands last.
 */
function sessionsOfMessage(context: ExecutionContext): HttpSessions {
  const args = context.getArgs<unknown[]>();
  const holder = args.find((argument) => isHolder(argument));
  if (holder) return holder[OF_MESSAGE];
  const sessions = freshSessionsOf(requestOfSocket(context.switchToWs().getClient()));
  args.splice(Math.max(args.length - 1, 0), 0, { [OF_MESSAGE]: sessions } satisfies MessageHolder);
  return sessions;
}

function isHolder(argument: unknown): argument is MessageHolder {
  return typeof argument === 'object' && argument !== null && OF_MESSAGE in argument;
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
