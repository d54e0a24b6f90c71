import { finalize, isObservable, Observable, tap } from 'rxjs';
import { isPromise } from '../../transformer/awaitable.js';
import { detachedResult } from './detached-result.js';
import type { HttpSessions } from '../request/http-sessions.js';

/** Stores the sessions when the result of a handler is complete. */
export function committed(sessions: HttpSessions, handle: () => unknown): unknown {
  return ended(sessions, handle, (result) => {
    if (isObservable(result)) return committedValues(sessions, result);
    const commit = sessions.handlerEnded();
    return commit ? commit.then(() => detachedResult(sessions, result)) : detachedResult(sessions, result);
  });
}

/** Only reports changes after the response. */
export function watched(sessions: HttpSessions, handle: () => unknown): unknown {
  return ended(sessions, handle, (result) => {
    if (isObservable(result)) return watchedValues(sessions, result);
    sessions.handlerLeft();
    return result;
  });
}

export function committedValues<T>(sessions: HttpSessions, values: Observable<T>): Observable<T> {
  return new Observable((subscriber) => {
    const subscription = values.subscribe({
      next: (value) => subscriber.next(detachedResult(sessions, value) as T),
      error: (error: unknown) => {
        sessions.handlerFailed(error);
        subscriber.error(error);
      },
      complete: () => {
        const commit = sessions.handlerEnded();
        if (!commit) return subscriber.complete();
        commit.then(
          () => subscriber.complete(),
          (error: unknown) => subscriber.error(error),
        );
      },
    });
    return () => {
      subscription.unsubscribe();
      sessions.handlerLeft();
    };
  });
}

export function watchedValues<T>(sessions: HttpSessions, values: Observable<T>): Observable<T> {
  return values.pipe(
    tap({ error: (error: unknown) => sessions.handlerFailed(error) }),
    finalize(() => sessions.handlerLeft()),
  );
}

function ended(sessions: HttpSessions, handle: () => unknown, end: (result: unknown) => unknown): unknown {
  let result: unknown;
  try {
    result = handle();
  } catch (error) {
    sessions.handlerFailed(error);
    throw error;
  }
  if (!isPromise(result)) return end(result);
  return Promise.resolve(result).then(end, (error: unknown) => {
    sessions.handlerFailed(error);
    throw error;
  });
}
