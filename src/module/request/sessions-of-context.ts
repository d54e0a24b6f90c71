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
  const value = graphQlContextOf(context);
  const request = requestOfGraphQl(value);
  const raw = rawRequestBehind(request);
  if (!raw || !isUpgrade(raw)) return httpSessionsOf(request, value?.res ?? value?.reply);
  const shared: MessageHolder | undefined = operationOf(context).identity;
  if (shared?.[OF_MESSAGE]) return shared[OF_MESSAGE];
  const sessions = freshSessionsOf(request);
  if (shared) Object.defineProperty(shared, OF_MESSAGE, { value: sessions });
  return sessions;
}

export interface GraphQlOperation {
  /** An object that only the fields of one operation share. */
  readonly identity: object | undefined;
  readonly isBatched: boolean;
}

export function operationOf(context: ExecutionContext): GraphQlOperation {
  const info = graphQlInfoOf(context);
  const { req, request, reply } = graphQlContextOf(context) ?? {};
  return {
    identity: [info?.variableValues, info].find((one) => Object.isExtensible(one)),
    isBatched: [req, request, reply?.request].some((one) => Array.isArray((one as WithBody | undefined)?.body)),
  };
}

interface WithBody {
  readonly body?: unknown;
}

export interface GraphQlInfo {
  readonly variableValues?: object;
  readonly operation?: { readonly operation?: string };
}

export function graphQlInfoOf(context: ExecutionContext): GraphQlInfo | undefined {
  return context.getArgByIndex(contextIndexOf(context) + 1);
}

function graphQlContextOf(context: ExecutionContext): GraphQlContext | undefined {
  return context.getArgByIndex(contextIndexOf(context));
}

/** A resolver of federation references gets no arguments of a field. */
function contextIndexOf(context: ExecutionContext): number {
  return context.getArgs().length === 3 ? 1 : 2;
}

/** The sessions of a GraphQL operation over HTTP, if used. */
export function usedSessionsOf(context: ExecutionContext): HttpSessions | undefined {
  return context.getType<string>() === 'graphql'
    ? rememberedSessionsOf(requestOfGraphQl(graphQlContextOf(context)))
    : undefined;
}

interface GraphQlContext {
  readonly req?: unknown;
  readonly request?: unknown;
  readonly extra?: { readonly request?: unknown };
  readonly res?: unknown;
  readonly reply?: { readonly request?: unknown };
}

function requestOfGraphQl(context: GraphQlContext | undefined): unknown {
  return context?.req ?? context?.request ?? context;
}

function isHolder(argument: unknown): argument is MessageHolder {
  return typeof argument === 'object' && argument !== null && Object.hasOwn(argument, OF_MESSAGE);
}
