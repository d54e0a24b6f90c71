import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import 'reflect-metadata';
import { map, tap, type Observable } from 'rxjs';
import { detachedResult } from './detached-result.js';
import { reportUnstoredLater } from '../request/sessions-of-request.js';
import { INTERCEPTORS } from '../handlers/nest-metadata.js';
import { sessionsOfContext } from '../request/sessions-of-context.js';

/**
 * Runs inside the other interceptors, so that their edits of the result are not stored. Over a socket, reports changes
 * after their timeout.
 */
class DetachedResultInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const sessions = sessionsOfContext(context);
    const values = next.handle().pipe(map((value) => detachedResult(sessions, value)));
    return sessions.call.hasResponse ? values : values.pipe(tap({ unsubscribe: () => reportUnstoredLater(sessions) }));
  }
}

export function bindDetachedResult(handler: object): void {
  const bound = (Reflect.getMetadata(INTERCEPTORS, handler) ?? []) as readonly unknown[];
  if (bound.length < 2 || bound.at(-1) instanceof DetachedResultInterceptor) return;
  Reflect.defineMetadata(INTERCEPTORS, [...bound, new DetachedResultInterceptor()], handler);
}
