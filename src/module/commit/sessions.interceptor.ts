import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { catchError, map, type Observable } from 'rxjs';
import { committedField } from './committed-fields.js';
import { committedMessages } from './committed-messages.js';
import { committedValues, watchedValues } from './committed.js';
import type { HttpSessions } from '../request/http-sessions.js';
import { liveEvents, liveReplies } from './live-subscription.js';
import { isWatchedField } from './watched-fields.js';
import { handlerOwnsResponse } from '../handlers/own-response.js';
import { loggedRefusal, refusal } from '../request/refusal.js';
import { graphQlInfoOf, operationOf, sessionsOfContext } from '../request/sessions-of-context.js';

/**
 * Stores the sessions of a handler before the response, so that failures reach the exception filters. If the handler
 * throws, the response hold decides.
 */
@Injectable()
export class SessionsInterceptor implements NestInterceptor {
  readonly #own = new WeakMap<object, boolean>();

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const type = context.getType<string>();
    if (type === 'http') {
      const sessions = sessionsOfContext(context);
      return this.#ownsResponse(context)
        ? watchedValues(sessions, next.handle())
        : committedValues(sessions, next.handle());
    }
    const sessions = sessionsOf(context);
    const values = type === 'ws' ? messages(context, sessions, next) : operation(context, sessions, next);
    return values.pipe(
      catchError((error: unknown) => {
        throw loggedRefusal(context, error, (hidden) => sessions.reportError(hidden));
      }),
    );
  }

  #ownsResponse(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    let own = this.#own.get(handler);
    if (own === undefined) this.#own.set(handler, (own = handlerOwnsResponse(context.getClass(), handler)));
    return own;
  }
}

function sessionsOf(context: ExecutionContext): HttpSessions {
  try {
    return sessionsOfContext(context);
  } catch (error) {
    throw refusal(context, error);
  }
}

function messages(context: ExecutionContext, sessions: HttpSessions, next: CallHandler): Observable<unknown> {
  return committedMessages(sessions, next.handle(), context.getArgs(), liveReplies(context, sessions));
}

function operation(context: ExecutionContext, sessions: HttpSessions, next: CallHandler): Observable<unknown> {
  const info = graphQlInfoOf(context);
  if (isWatchedField(info)) return next.handle();
  const values = committedField(sessions, operationOf(context), next.handle());
  if (info?.operation?.operation !== 'subscription') return values;
  return values.pipe(map((result) => liveEvents(context, sessions, result)));
}
