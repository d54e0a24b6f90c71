import { catchError, concatMap, Observable, tap, type Subscription } from 'rxjs';
import type { HttpSessions } from '../request/http-sessions.js';
import type { GraphQlOperation } from '../request/sessions-of-context.js';
import { detachedResult } from './detached-result.js';

const FIELD_COMMITS = Symbol.for('nestjs-sessions:field-commits');

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
    const fields = fieldCommits(sessions, isBatched ? undefined : identity);
    const passed: T[] = [];
    const pass = (): void => {
      for (const value of passed) subscriber.next(detachedResult(sessions, value) as T);
      subscriber.complete();
    };
    let subscription: Subscription | undefined;
    const run = (): void => {
      subscription = values.pipe(tap({ unsubscribe: () => fields.fail() })).subscribe({
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
export function committedMutation<T>(used: () => HttpSessions | undefined, values: Observable<T>): Observable<T> {
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

class FieldCommits {
  readonly #sessions: HttpSessions;
  readonly #all: CommitsOfSessions;
  readonly #queue: WaitingField[] = [];
  #operation: object | undefined;
  #running = 0;
  #isCommitting = false;
  #pending:
    { readonly commit: Promise<void>; readonly settle: (commit: Promise<void> | undefined) => void } | undefined;

  constructor(sessions: HttpSessions, all: CommitsOfSessions) {
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
    this.#fieldEnded();
  }

  end(): Promise<void> | undefined {
    const settled = this.#sessions.exchange.isSettled(false);
    if (!settled) this.#pending ??= pendingCommit();
    const commit = settled ? undefined : this.#pending?.commit;
    this.#fieldEnded();
    return commit;
  }

  get #isIdle(): boolean {
    return this.#running === 0 && !this.#pending && !this.#isCommitting;
  }

  #fieldEnded(): void {
    this.#running -= 1;
    this.#all.running -= 1;
    if (this.#running > 0) return;
    if (!this.#pending) return this.#runNext();
    // A guard may delay a field of the same query.
    setImmediate(() => {
      if (this.#running > 0 || !this.#pending) return;
      const { commit, settle } = this.#pending;
      this.#pending = undefined;
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

function pendingCommit(): { commit: Promise<void>; settle: (commit: Promise<void> | undefined) => void } {
  let settle!: (commit: Promise<void> | undefined) => void;
  const commit = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { commit, settle };
}

interface CommitsOfSessions {
  readonly byOperation: WeakMap<object, FieldCommits>;
  running: number;
}

/** @param operation `undefined`: all of a batch. */
function fieldCommits(sessions: HttpSessions, operation: object = sessions): FieldCommits {
  const holder = sessions as { [FIELD_COMMITS]?: CommitsOfSessions };
  const all = (holder[FIELD_COMMITS] ??= { byOperation: new WeakMap(), running: 0 });
  let fields = all.byOperation.get(operation);
  if (!fields) all.byOperation.set(operation, (fields = new FieldCommits(sessions, all)));
  return fields;
}
