import { Observable } from 'rxjs';
import type { HttpSessions } from '../request/http-sessions.js';

const RUNNING = Symbol.for('nestjs-sessions:running-fields');

/** Emits each value after its commit. */
export function committedMessages<T>(sessions: HttpSessions, values: Observable<T>): Observable<T> {
  return new Observable((subscriber) => {
    let before: Promise<void> | undefined;
    const afterwards = (act: () => void): void => {
      const commit = before ? before.then(() => sessions.handlerEnded()) : sessions.handlerEnded();
      if (!commit) return act();
      before = commit;
      commit.then(act, (error: unknown) => subscriber.error(error));
    };
    return values.subscribe({
      next: (value) => afterwards(() => subscriber.next(value)),
      error: (error: unknown) => {
        sessions.exchange.revert();
        subscriber.error(error);
      },
      complete: () => afterwards(() => subscriber.complete()),
    });
  });
}

/**
 * Emits the value of a GraphQL field after the commit that concurrent fields share. A field that throws discards the
 * changes.
 */
export function committedField<T>(sessions: HttpSessions, values: Observable<T>): Observable<T> {
  return new Observable((subscriber) => {
    const fields = runningFields(sessions);
    fields.begin();
    const passed: T[] = [];
    const pass = (): void => {
      for (const value of passed) subscriber.next(value);
      subscriber.complete();
    };
    return values.subscribe({
      next: (value) => void passed.push(value),
      error: (error: unknown) => {
        fields.fail();
        subscriber.error(error);
      },
      complete: () => {
        const commit = fields.end();
        if (!commit) return pass();
        commit.then(pass, (error: unknown) => subscriber.error(error));
      },
    });
  });
}

class RunningFields {
  readonly #sessions: HttpSessions;
  #running = 0;
  #waiting:
    { readonly commit: Promise<void>; readonly settle: (commit: Promise<void> | undefined) => void } | undefined;

  constructor(sessions: HttpSessions) {
    this.#sessions = sessions;
  }

  begin(): void {
    this.#running += 1;
  }

  fail(): void {
    this.#sessions.exchange.revert();
    this.#left();
  }

  end(): Promise<void> | undefined {
    const settled = this.#sessions.exchange.isSettled(false);
    if (!settled) this.#waiting ??= waiting();
    const commit = settled ? undefined : this.#waiting?.commit;
    this.#left();
    return commit;
  }

  #left(): void {
    this.#running -= 1;
    if (this.#running > 0 || !this.#waiting) return;
    // A guard may delay a field of the same query.
    setImmediate(() => {
      if (this.#running > 0 || !this.#waiting) return;
      const { settle } = this.#waiting;
      this.#waiting = undefined;
      settle(this.#sessions.handlerEnded());
    });
  }
}

function waiting(): { commit: Promise<void>; settle: (commit: Promise<void> | undefined) => void } {
  let settle!: (commit: Promise<void> | undefined) => void;
  const commit = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { commit, settle };
}

function runningFields(sessions: HttpSessions): RunningFields {
  const holder = sessions as { [RUNNING]?: RunningFields };
  return (holder[RUNNING] ??= new RunningFields(sessions));
}
