import { isObservable, Observable } from 'rxjs';
import { isPromise } from '../transformer/awaitable.js';
import { handedOut } from './handed-out.js';
import type { HttpSessions } from './http-sessions.js';

/**
 * Runs a handler and stores its sessions when its result is complete, be it a value, a promise or an observable. The
 * result is the handler's, or fails as storing does.
 */
export function committed(sessions: HttpSessions, handle: () => unknown): unknown {
  let result: unknown;
  try {
    result = handle();
  } catch (error) {
    throw failed(sessions, error);
  }
  if (!isPromise(result)) return committedResult(sessions, result);
  return Promise.resolve(result).then(
    (value) => committedResult(sessions, value),
    (error: unknown) => {
      throw failed(sessions, error);
    },
  );
}

/** The values of a handler; they complete when its sessions are stored. */
export function committedValues<T>(sessions: HttpSessions, values: Observable<T>): Observable<T> {
  return new Observable((subscriber) =>
    values.subscribe({
      next: (value) => subscriber.next(handedOut(sessions, value) as T),
      error: (error: unknown) => subscriber.error(failed(sessions, error)),
      complete: () => {
        const commit = sessions.handlerEnded();
        if (!commit) return subscriber.complete();
        commit.then(
          () => subscriber.complete(),
          (error: unknown) => subscriber.error(error),
        );
      },
    }),
  );
}

function committedResult(sessions: HttpSessions, result: unknown): unknown {
  if (isObservable(result)) return committedValues(sessions, result);
  const commit = sessions.handlerEnded();
  return commit ? commit.then(() => handedOut(sessions, result)) : handedOut(sessions, result);
}

function failed(sessions: HttpSessions, error: unknown): unknown {
  sessions.handlerFailed();
  return error;
}
