import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import 'reflect-metadata';
import { catchError, type Observable } from 'rxjs';
import { isIntercepted } from './bind-interceptor.js';
import { INTERCEPTORS, RESOLVER_TYPE, SOCKET_MESSAGE } from './nest-metadata.js';
import { loggedRefusal } from './refusal.js';
import { sessionsOfContext } from './request-of.js';

/**
 * Converts session errors of resolvers and message handlers without a session decorator: `sessionsOf(…)` and `save()`
 * throw them too, and clients would get "Internal server error".
 */
class RefusalsInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      catchError((error: unknown) => {
        throw loggedRefusal(context, error, (hidden) => report(context, hidden));
      }),
    );
  }
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
