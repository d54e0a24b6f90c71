import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { committedValues } from './committed.js';
import { sessionsOfContext } from './request-of.js';

/**
 * Stores the sessions of a handler when its value is complete, before Nest writes the response, so that a failure
 * goes to the application's exception filters. Bound to each handler that declares a session by the parameter
 * decorators and `@RequireSession`; other routes do not pay for it. Most handlers of controllers do the same without
 * an interceptor, see {@link commitInHandlers}.
 *
 * What ends in an exception is stored, or not, by the response hold, which knows the status it ends with.
 */
@Injectable()
export class SessionsInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return committedValues(sessionsOfContext(context), next.handle());
  }
}
