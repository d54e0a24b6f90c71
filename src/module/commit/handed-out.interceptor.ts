import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import 'reflect-metadata';
import { map, type Observable } from 'rxjs';
import { handedOut } from './handed-out.js';
import { whenLeft } from './when-left.js';
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
    const values = next.handle().pipe(map((value) => handedOut(sessions, value)));
    return sessions.call.hasResponse ? values : whenLeft(values, () => reportUnstoredLater(sessions));
  }
}

export function bindHandedOut(handler: object): void {
  const bound = (Reflect.getMetadata(INTERCEPTORS, handler) ?? []) as readonly unknown[];
  if (bound.length < 2 || bound.at(-1) instanceof HandedOutInterceptor) return;
  Reflect.defineMetadata(INTERCEPTORS, [...bound, new HandedOutInterceptor()], handler);
}
