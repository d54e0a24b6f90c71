import { catchError, concatMap, Observable, type Subscription } from 'rxjs';
import type { HttpSessions } from '../request/http-sessions.js';
import { reportUnstoredLater } from '../request/sessions-of-request.js';
import { handedOut } from './handed-out.js';
import { whenLeft } from './when-left.js';

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
    // After a timeout, later changes are not stored.
    return whenLeft(values, () => reportUnstoredLater(sessions)).subscribe({
      next: (value) => afterwards(() => subscriber.next(handedOut(sessions, value) as T)),
      error: (failure: unknown) => {
        const fail = (): void => subscriber.error(failure);
        // A failed commit has sent its own error.
        if (before) before.then(fail, () => {});
        else fail();
      },
      complete: () => afterwards(() => subscriber.complete()),
    });
  });
}

/**
 * Emits the value of a GraphQL field after the commit that concurrent fields share. A field that throws discards the
 * changes. Operations of a batch wait for each other.
 * @param operation of the field, by identity.
 */
export function committedField<T>(
  sessions: HttpSessions,
  operation: object | undefined,
  values: Observable<T>,
): Observable<T> {
  return new Observable((subscriber) => {
    const fields = runningFields(sessions);
    const passed: T[] = [];
    const pass = (): void => {
      for (const value of passed) subscriber.next(handedOut(sessions, value) as T);
      subscriber.complete();
    };
    let subscription: Subscription | undefined;
    const run = (): void => {
      subscription = whenLeft(values, () => fields.fail()).subscribe({
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
    };
    fields.begin(operation, run);
    return () => {
      if (subscription) subscription.unsubscribe();
      else fields.withdraw(run);
    };
  });
}

/**
 * {@link committedField} for a mutation that may use `sessionsOf(…)`.
 * @param used the sessions of the request, if any were used.
 */
export function committedByHand<T>(used: () => HttpSessions | undefined, values: Observable<T>): Observable<T> {
  return values.pipe(
    catchError((error: unknown) => {
      used()?.exchange.revert();
      throw error;
    }),
    concatMap(async (value) => {
      await used()?.handlerEnded();
      return value;
    }),
  );
}

interface WaitingField {
  readonly operation: object | undefined;
  readonly run: () => void;
}

class RunningFields {
  readonly #sessions: HttpSessions;
  readonly #queue: WaitingField[] = [];
  #operation: object | undefined;
  #running = 0;
  #isCommitting = false;
  #waiting:
    { readonly commit: Promise<void>; readonly settle: (commit: Promise<void> | undefined) => void } | undefined;

  constructor(sessions: HttpSessions) {
    this.#sessions = sessions;
  }

  begin(operation: object | undefined, run: () => void): void {
    if (!this.#isIdle && operation !== this.#operation) return void this.#queue.push({ operation, run });
    this.#operation = operation;
    this.#running += 1;
    run();
  }

  withdraw(run: () => void): void {
    const index = this.#queue.findIndex((one) => one.run === run);
    if (index !== -1) this.#queue.splice(index, 1);
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

  get #isIdle(): boolean {
    return this.#running === 0 && !this.#waiting && !this.#isCommitting;
  }

  #left(): void {
    this.#running -= 1;
    if (this.#running > 0) return;
    if (!this.#waiting) return this.#runNext();
    // A guard may delay a field of the same query.
    setImmediate(() => {
      if (this.#running > 0 || !this.#waiting) return;
      const { commit, settle } = this.#waiting;
      this.#waiting = undefined;
      this.#isCommitting = true;
      settle(this.#sessions.handlerEnded());
      const proceed = (): void => {
        this.#isCommitting = false;
        this.#runNext();
      };
      commit.then(proceed, proceed);
    });
  }

  #runNext(): void {
    if (!this.#isIdle) return;
    const [first] = this.#queue;
    if (!first) return;
    const ready = this.#queue.filter(({ operation }) => operation === first.operation);
    this.#queue.splice(0, this.#queue.length, ...this.#queue.filter((one) => !ready.includes(one)));
    for (const { operation, run } of ready) this.begin(operation, run);
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
