import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import 'reflect-metadata';
import { Observable } from 'rxjs';
import { handedOut } from './handed-out.js';
import { reportUnstoredLater } from '../request/sessions-of-request.js';
import { INTERCEPTORS } from '../handlers/nest-metadata.js';
import { sessionsOfContext } from '../request/sessions-of-context.js';

/**
 * Runs inside the other interceptors, so that their edits of the result are not stored. Over a socket, reports changes
 * after their timeout.
 */
class HandedOutInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const sessions = sessionsOfContext(context);
    return new Observable((subscriber) => {
      let hasEnded = false;
      const subscription = next.handle().subscribe({
        next: (value) => subscriber.next(handedOut(sessions, value)),
        error: (error: unknown) => {
          hasEnded = true;
          subscriber.error(error);
        },
        complete: () => {
          hasEnded = true;
          subscriber.complete();
        },
      });
      return () => {
        subscription.unsubscribe();
        if (!hasEnded && !sessions.call.hasResponse) reportUnstoredLater(sessions);
      };
    });
  }
}

export function bindHandedOut(handler: object): void {
  const bound = (Reflect.getMetadata(INTERCEPTORS, handler) ?? []) as readonly unknown[];
  if (bound.length < 2 || bound.at(-1) instanceof HandedOutInterceptor) return;
  Reflect.defineMetadata(INTERCEPTORS, [...bound, new HandedOutInterceptor()], handler);
}
