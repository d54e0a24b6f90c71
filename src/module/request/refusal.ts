import { UnauthorizedException, type ExecutionContext } from '@nestjs/common';
import { SessionError } from '../../errors/session.errors.js';
import { exceptionOf, clientError } from './transport-exceptions.js';

const CLIENT_MESSAGES: Readonly<Record<string, string>> = {
  SESSION_STORAGE_UNAVAILABLE: 'Sessions are not available right now. Try again.',
  SESSION_TOO_LATE: 'The session cannot be changed over this connection.',
};
const OTHER_MESSAGE = 'The session could not be used.';

/** 401 over HTTP, an event `exception` over WebSockets, `extensions.code` in GraphQL. */
export function unauthorized(context: ExecutionContext): Error {
  return unauthorizedFor(context, new UnauthorizedException(), 'UNAUTHENTICATED');
}

/** {@link unauthorized} with the fields of RFC 9470. */
export function notFresh(
  context: ExecutionContext,
  { withinSeconds, methods }: { readonly withinSeconds: number; readonly methods?: readonly string[] },
): Error {
  const error = new UnauthorizedException({
    statusCode: 401,
    message: 'Authenticate again.',
    error: 'insufficient_user_authentication',
    maxAge: withinSeconds,
    ...(methods ? { methods } : {}),
  });
  return unauthorizedFor(context, error, 'INSUFFICIENT_USER_AUTHENTICATION');
}

function unauthorizedFor(context: ExecutionContext, error: UnauthorizedException, code: string): Error {
  switch (context.getType<string>()) {
    case 'http':
      return error;
    case 'graphql':
      // Apollo uses the status, Mercurius the extensions.
      return withCode(error, code);
    default:
      return transportError(context, code, error.message) ?? error;
  }
}

/** Converts a {@link SessionError} for the transport; other errors stay unchanged. */
export function refusal(context: ExecutionContext, error: unknown): unknown {
  if (!(error instanceof SessionError)) return error;
  switch (context.getType<string>()) {
    case 'http':
      return error;
    case 'graphql':
      return withCode(
        error.statusCode === undefined ? new Error(clientMessageOf(error), { cause: error }) : error,
        error.code,
      );
    default:
      return transportError(context, error.code, clientMessageOf(error), error) ?? error;
  }
}

/** {@link refusal} for a gateway. `undefined` without @nestjs/websockets. */
export function refusalOfGateway(gateway: object, error: SessionError): Error | undefined {
  return transportErrorOf(gateway, error.code, clientMessageOf(error), error);
}

export function loggedRefusal(context: ExecutionContext, error: unknown, report: (error: unknown) => void): unknown {
  const refused = refusal(context, error);
  if (refused !== error && (error as { statusCode?: number }).statusCode === undefined) report(error);
  return refused;
}

function clientMessageOf(error: SessionError): string {
  return CLIENT_MESSAGES[error.code] ?? (error.statusCode === undefined ? OTHER_MESSAGE : error.message);
}

function transportError(context: ExecutionContext, code: string, message: string, cause?: Error): Error | undefined {
  return transportErrorOf(context.getClass(), code, message, cause);
}

function transportErrorOf(type: object, code: string, message: string, cause?: Error): Error | undefined {
  const Exception = exceptionOf(type);
  return Exception && Object.assign(new Exception(clientError(code, message)), cause ? { cause } : {});
}

function withCode(error: Error, code: string): Error {
  return Object.assign(error, { extensions: { code } });
}
