import type { ExecutionContext } from '@nestjs/common';
import { isUpgrade } from '../../platform/raw-exchange.js';
import type { HttpSessions } from './http-sessions.js';
import { freshSessionsOf, httpSessionsOf, rawRequestBehind, rememberedSessionsOf } from './sessions-of-request.js';

export function sessionsOfContext(context: ExecutionContext): HttpSessions {
  switch (context.getType<string>()) {
    case 'http':
      // Without the object that switchToHttp() makes.
      return httpSessionsOf(context.getArgByIndex(0), context.getArgByIndex(1));
    case 'graphql':
      return sessionsOfOperation(context);
    case 'ws':
      return sessionsOfMessage(context);
    default:
      return httpSessionsOf(undefined);
  }
}

const OF_MESSAGE = Symbol.for('nestjs-sessions:of-message');

interface MessageHolder {
  [OF_MESSAGE]?: HttpSessions;
}

/**
 * New ones for each message: a connection lives for hours. Shared by the argument list, which must end with the
 * pattern.
 */
function sessionsOfMessage(context: ExecutionContext): HttpSessions {
  const args = context.getArgs<unknown[]>();
  const holder = args.find((argument) => isHolder(argument));
  if (holder) return holder[OF_MESSAGE]!;
  const sessions = freshSessionsOf(context.switchToWs().getClient());
  args.splice(Math.max(args.length - 1, 0), 0, { [OF_MESSAGE]: sessions } satisfies MessageHolder);
  return sessions;
}

/** Over a socket, new ones for each operation. Its fields share the variables object. */
function sessionsOfOperation(context: ExecutionContext): HttpSessions {
  const value: GraphQlContext | undefined = context.getArgByIndex(2);
  const request = requestOfGraphQl(value);
  const raw = rawRequestBehind(request);
  if (!raw || !isUpgrade(raw)) return httpSessionsOf(request, value?.res ?? value?.reply);
  const shared: MessageHolder | undefined = operationOf(context);
  if (shared?.[OF_MESSAGE]) return shared[OF_MESSAGE];
  const sessions = freshSessionsOf(request);
  if (shared) Object.defineProperty(shared, OF_MESSAGE, { value: sessions });
  return sessions;
}

/** An object that only the fields of one GraphQL operation share. */
export function operationOf(context: ExecutionContext): object | undefined {
  const info = context.getArgByIndex<{ readonly variableValues?: object } | undefined>(3);
  return [info?.variableValues, info].find((one) => Object.isExtensible(one));
}

/** The sessions of a GraphQL operation over HTTP, if used. */
export function usedSessionsOf(context: ExecutionContext): HttpSessions | undefined {
  return context.getType<string>() === 'graphql'
    ? rememberedSessionsOf(requestOfGraphQl(context.getArgByIndex(2)))
    : undefined;
}

interface GraphQlContext {
  readonly req?: unknown;
  readonly request?: unknown;
  readonly extra?: { readonly request?: unknown };
  readonly res?: unknown;
  readonly reply?: unknown;
}

function requestOfGraphQl(context: GraphQlContext | undefined): unknown {
  return context?.req ?? context?.request ?? context;
}

function isHolder(argument: unknown): argument is MessageHolder {
  return typeof argument === 'object' && argument !== null && Object.hasOwn(argument, OF_MESSAGE);
}
