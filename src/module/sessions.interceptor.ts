import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Observable } from 'rxjs';
import type { HttpSessions } from './http-sessions.js';
import { sessionsOfContext } from './request-of.js';

/**
 * Stores the sessions of a handler when its value is complete, before Nest writes the response, so that a failure
 * goes to the application's exception filters. Bound to each handler that declares a session by the parameter
 * decorators and `@RequireSession`; other routes do not pay for it.
 *
 * What ends in an exception is stored, or not, by the response hold, which knows the status it ends with.
 */
@Injectable()
export class SessionsInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const sessions = sessionsOfContext(context);
    return new Observable((subscriber) =>
      next.handle().subscribe({
        next: (value) => subscriber.next(value),
        error: (error: unknown) => {
          reportLateChanges(sessions);
          subscriber.error(error);
        },
        complete: () => {
          if (reportLateChanges(sessions)) return subscriber.complete();
          const commit = sessions.sessions.commit(sessions.call.serverError);
          if (!commit) return subscriber.complete();
          commit.then(
            () => subscriber.complete(),
            (error: unknown) => subscriber.error(error),
          );
        },
      }),
    );
  }
}

/** Whether the handler has responded by itself; whatever it changed since is lost. */
function reportLateChanges({ sessions, call }: HttpSessions): boolean {
  if (!call.responded || !call.hasResponse) return false;
  sessions.reportLateChanges(call.serverError);
  return true;
}
