import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import 'reflect-metadata';
import { catchError, type Observable } from 'rxjs';
import { isIntercepted } from './bind-interceptor.js';
import { committedByHand } from './committed-operation.js';
import { INTERCEPTORS, RESOLVER_TYPE, SOCKET_MESSAGE } from './nest-metadata.js';
import { loggedRefusal } from './refusal.js';
import { sessionsOfContext, usedSessionsOf } from './request-of.js';

/**
 * Converts session errors of resolvers and message handlers without a session decorator: `sessionsOf(…)` and `save()`
 * throw them too, and clients would get "Internal server error". Mutations store or discard what they changed that way.
 */
class RefusalsInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const values = isMutation(context) ? committedByHand(() => usedSessionsOf(context), next.handle()) : next.handle();
    return values.pipe(
      catchError((error: unknown) => {
        throw loggedRefusal(context, error, (hidden) => report(context, hidden));
      }),
    );
  }
}

function isMutation(context: ExecutionContext): boolean {
  if (context.getType<string>() !== 'graphql') return false;
  const info = context.getArgByIndex<{ operation?: { operation?: string } } | undefined>(3);
  return info?.operation?.operation === 'mutation';
}

function report(context: ExecutionContext, error: unknown): void {
  try {
    sessionsOfContext(context).reportError(error);
  } catch {
    // Without a request there is no application to report to. The refusal keeps the error as its cause.
  }
}

/** @returns the interceptor of a method; `undefined` if it needs none. */
export function refusalsInterceptorFor(handler: object): NestInterceptor | undefined {
  if (isIntercepted(handler)) return undefined;
  const isRoot = ['Query', 'Mutation'].includes(String(Reflect.getMetadata(RESOLVER_TYPE, handler)));
  if (!isRoot && !Reflect.hasMetadata(SOCKET_MESSAGE, handler)) return undefined;
  const present = (Reflect.getMetadata(INTERCEPTORS, handler) ?? []) as readonly unknown[];
  // Tests may create several applications with the same class.
  return present.some((one) => one instanceof RefusalsInterceptor) ? undefined : new RefusalsInterceptor();
}
