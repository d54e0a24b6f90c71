import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import 'reflect-metadata';
import { catchError, type Observable } from 'rxjs';
import { isIntercepted } from './bind-interceptor.js';
import { INTERCEPTORS, RESOLVER_TYPE, SOCKET_MESSAGE } from './nest-metadata.js';
import { loggedRefusal } from './refusal.js';
import { sessionsOfContext } from './request-of.js';

/** For resolvers and message handlers without a session decorator: `sessionsOf(…)` throws session errors, too. */
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
    // There is no request.
  }
}

export function refusalsInterceptorFor(handler: object): NestInterceptor | undefined {
  if (isIntercepted(handler)) return undefined;
  const isRoot = ['Query', 'Mutation'].includes(String(Reflect.getMetadata(RESOLVER_TYPE, handler)));
  if (!isRoot && !Reflect.hasMetadata(SOCKET_MESSAGE, handler)) return undefined;
  const present = (Reflect.getMetadata(INTERCEPTORS, handler) ?? []) as readonly unknown[];
  // Of an earlier application with this class.
  return present.some((one) => one instanceof RefusalsInterceptor) ? undefined : new RefusalsInterceptor();
}
