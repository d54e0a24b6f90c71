import { Observable, tap } from 'rxjs';
import type { HttpSessions } from '../request/http-sessions.js';
import { reportUnstoredLater } from '../request/sessions-of-request.js';
import { detachedResult } from './detached-result.js';

/**
 * Emits each value after its commit. Holds acknowledgements by `@Ack()` likewise.
 * @param args of the handler.
 * @param check run before each value but the first.
 */
export function committedMessages<T>(
  sessions: HttpSessions,
  values: Observable<T>,
  args: unknown[],
  check: () => Promise<void>,
): Observable<T> {
  return new Observable((subscriber) => {
    let before: Promise<void> | undefined;
    let replies = 0;
    let failure: unknown;
    const fail = (error: unknown): void => {
      if (error === failure) return;
      failure = error;
      if (!subscriber.closed) subscriber.error(error);
      else if (statusOf(error) === undefined) sessions.reportError(error);
    };
    const commit = (first?: () => Promise<void>): Promise<void> | undefined => {
      if (!before && !first) return sessions.handlerEnded();
      return (before ?? Promise.resolve()).then(first).then(() => sessions.handlerEnded());
    };
    const afterwards = (act: () => void, first?: () => Promise<void>): void => {
      const committing = commit(first);
      if (!committing) return act();
      before = committing;
      committing.then(act, fail);
    };
    holdAcknowledgement(args, afterwards);
    // After a timeout, later changes are not stored.
    return values.pipe(tap({ unsubscribe: () => reportUnstoredLater(sessions) })).subscribe({
      next: (value) => {
        replies += 1;
        afterwards(() => subscriber.next(detachedResult(sessions, value) as T), replies > 1 ? check : undefined);
      },
      error: (thrown: unknown) => {
        // A failed commit has sent its own error.
        if (before) before.then(() => subscriber.error(thrown), ignore);
        else subscriber.error(thrown);
      },
      complete: () => afterwards(() => subscriber.complete()),
    });
  });
}

function holdAcknowledgement(args: unknown[], afterwards: (act: () => void) => void): void {
  const place = args.findIndex((argument) => typeof argument === 'function');
  if (place === -1) return;
  const acknowledge = args[place] as (...values: unknown[]) => unknown;
  args[place] = (...values: unknown[]): void => afterwards(() => void acknowledge(...values));
}

function statusOf(error: unknown): unknown {
  return (error as { readonly statusCode?: unknown } | undefined)?.statusCode;
}

function ignore(): void {}
