import { catchError, concatMap, Observable, type Subscription } from 'rxjs';
import type { HttpSessions } from '../request/http-sessions.js';
import type { GraphQlOperation } from '../request/sessions-of-context.js';
import { reportUnstoredLater } from '../request/sessions-of-request.js';
import { handedOut } from './handed-out.js';
import { whenLeft } from './when-left.js';

const RUNNING = Symbol.for('nestjs-sessions:running-fields');

/**
 * Emits each value after its commit. Holds acknowledgements by `@Ack()` likewise.
 * @param args of the handler.
 * @param check run before each value but the first.
 */
export function committedMessages<T>(
  sessions: HttpSessions,
  values: Observable<T>,
  args: unknown[] = [],
  check: () => Promise<void> = async () => {},
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
    return whenLeft(values, () => reportUnstoredLater(sessions)).subscribe({
      next: (value) => {
        replies += 1;
        afterwards(() => subscriber.next(handedOut(sessions, value) as T), replies > 1 ? check : undefined);
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

/**
 * Emits the value of a GraphQL field after the commit that concurrent fields share. A field that throws discards the
 * changes. Operations of a batch wait for each other. Others do not: a resolver may execute one.
 */
export function committedField<T>(
  sessions: HttpSessions,
  { identity, isBatched }: GraphQlOperation,
  values: Observable<T>,
): Observable<T> {
  return new Observable((subscriber) => {
    const fields = runningFields(sessions, isBatched ? undefined : identity);
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
    fields.begin(identity, run);
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
  readonly #all: FieldsOfSessions;
  readonly #queue: WaitingField[] = [];
  #operation: object | undefined;
  #running = 0;
  #isCommitting = false;
  #waiting:
    { readonly commit: Promise<void>; readonly settle: (commit: Promise<void> | undefined) => void } | undefined;

  constructor(sessions: HttpSessions, all: FieldsOfSessions) {
    this.#sessions = sessions;
    this.#all = all;
  }

  begin(operation: object | undefined, run: () => void): void {
    if (!this.#isIdle && operation !== this.#operation) return void this.#queue.push({ operation, run });
    this.#operation = operation;
    this.#running += 1;
    this.#all.running += 1;
    run();
  }

  withdraw(run: () => void): void {
    const index = this.#queue.findIndex((one) => one.run === run);
    if (index !== -1) this.#queue.splice(index, 1);
  }

  fail(): void {
    // Another operation still uses the sessions, and may discard them itself.
    if (this.#all.running === this.#running) this.#sessions.exchange.revert();
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
    this.#all.running -= 1;
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

interface FieldsOfSessions {
  readonly byOperation: WeakMap<object, RunningFields>;
  running: number;
}

/** @param operation `undefined`: all of a batch. */
function runningFields(sessions: HttpSessions, operation: object = sessions): RunningFields {
  const holder = sessions as { [RUNNING]?: FieldsOfSessions };
  const all = (holder[RUNNING] ??= { byOperation: new WeakMap(), running: 0 });
  let fields = all.byOperation.get(operation);
  if (!fields) all.byOperation.set(operation, (fields = new RunningFields(sessions, all)));
  return fields;
}

function statusOf(error: unknown): unknown {
  return (error as { readonly statusCode?: unknown } | undefined)?.statusCode;
}

function ignore(): void {}
