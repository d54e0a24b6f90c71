import { SessionConfigurationError, SessionError, SessionStorageUnavailableError } from '../errors/session.errors.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { DeadlineQueue, startUnrefTimer, type StartTimer } from './deadline-queue.js';
import { refuseNoStorage } from './option-type.js';
import type { OwnerIndex, SessionStorage, SessionToStore, StoredSession } from './session-storage.js';
import { wrappedCapabilities, type StorageOperation } from './wrapped-storage.js';

export interface SessionStorageResilientOptions {
  /**
   * How long one call may take. Default 1,000. What works on many sessions, `owners` and `close`, may take ten times as
   * long; `sweep`, for which nobody waits, as long as it likes.
   */
  readonly timeoutInMilliseconds?: number;
  /** Told when the storage counts as down and when it answers again. */
  readonly onStateChange?: (state: 'down' | 'up') => void;
  /** A clock that never steps back, milliseconds. Default `performance.now`. */
  readonly now?: () => number;
  /** Default: `setTimeout`, not keeping the process alive. */
  readonly startTimer?: StartTimer;
  /** 0 to 1, spreads the moments at which processes try again. Default `Math.random`. */
  readonly random?: () => number;
}

const MANY = 10;

/**
 * Puts a deadline and a circuit breaker around a storage, whatever its client does: no client of Redis or PostgreSQL
 * gives up on a server that hangs by default.
 *
 * Every rejection and every missed deadline becomes a {@link SessionStorageUnavailableError} with its cause; errors of
 * this library that say something else, as "too large", stay what they are and count as an answer. A call that timed
 * out is not undone: it may still take effect.
 *
 * After five failures in a row the storage counts as down: calls fail at once for one second, then one is let through;
 * if it fails, for twice as long, up to 15 s. `ping` is always tried.
 *
 * The wrapped storage's capabilities are this one's: without `owners` there are none here.
 */
export class SessionStorageResilient implements SessionStorage {
  declare readonly create?: NonNullable<SessionStorage['create']>;
  declare readonly replace?: NonNullable<SessionStorage['replace']>;
  declare readonly touch?: NonNullable<SessionStorage['touch']>;
  declare readonly owners?: OwnerIndex;
  declare readonly sweep?: NonNullable<SessionStorage['sweep']>;
  declare readonly ping?: NonNullable<SessionStorage['ping']>;
  declare readonly inspect?: NonNullable<SessionStorage['inspect']>;
  declare readonly close?: NonNullable<SessionStorage['close']>;
  declare readonly readMany?: NonNullable<SessionStorage['readMany']>;
  readonly #storage: SessionStorage;
  readonly #timeout: number;
  readonly #breaker: CircuitBreaker;
  readonly #single: DeadlineQueue;
  readonly #many: DeadlineQueue;
  readonly #onStateChange: ((state: 'down' | 'up') => void) | undefined;

  /** @throws {SessionConfigurationError} on what is no storage, and on a timeout that is not a positive number. */
  constructor(storage: SessionStorage, options: SessionStorageResilientOptions = {}) {
    refuseNoStorage('A deadline', storage);
    const timeout = options.timeoutInMilliseconds ?? 1000;
    if (!Number.isFinite(timeout) || timeout <= 0) {
      throw new SessionConfigurationError(
        'timeoutInMilliseconds of a session storage must be a positive number, as in { timeoutInMilliseconds: 1000 }.',
      );
    }
    const now = options.now ?? monotonic;
    const startTimer = options.startTimer ?? startUnrefTimer;
    this.#storage = storage;
    this.#timeout = timeout;
    this.#breaker = new CircuitBreaker(now, options.random ?? Math.random);
    this.#single = new DeadlineQueue(timeout, now, startTimer);
    this.#many = new DeadlineQueue(MANY * timeout, now, startTimer);
    this.#onStateChange = options.onStateChange;
    Object.assign(
      this,
      wrappedCapabilities(storage, (operation, call) => this.#around(operation, call)),
    );
  }

  read(id: string): Promise<StoredSession | undefined> {
    return this.#call(this.#single, () => this.#storage.read(id));
  }

  write(id: string, session: SessionToStore): Promise<string | void> {
    return this.#call(this.#single, () => this.#storage.write(id, session));
  }

  invalidate(id: string): Promise<boolean | void> {
    return this.#call(this.#single, () => this.#storage.invalidate(id));
  }

  // `ping`, `inspect` and `close` are always tried; nobody waits for `sweep`.
  #around<T>(operation: StorageOperation, call: () => Promise<T>): Promise<T> {
    switch (operation) {
      case 'ping':
      case 'inspect':
        return this.#attempt(this.#single, call, undefined);
      case 'close':
        return this.#attempt(this.#many, call, undefined);
      case 'sweep':
        return translated(call);
      case 'list':
      case 'invalidateAll':
        return this.#call(this.#many, call);
      default:
        return this.#call(this.#single, call);
    }
  }

  #call<T>(deadlines: DeadlineQueue, run: () => Promise<T>): Promise<T> {
    const pause = this.#breaker.refusal();
    if (pause > 0) return Promise.reject(refused(pause));
    return this.#attempt(deadlines, run, this.#breaker);
  }

  #attempt<T>(deadlines: DeadlineQueue, run: () => Promise<T>, breaker: CircuitBreaker | undefined): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const ticket = deadlines.add(() => {
        reject(this.#timedOut(deadlines));
        this.#report(breaker, false);
      });
      // Late results and late errors are ignored.
      const answered = (answer: T): void => {
        if (!deadlines.release(ticket)) return;
        resolve(answer);
        this.#report(breaker, true);
      };
      const failed = (error: unknown): void => {
        if (!deadlines.release(ticket)) return;
        reject(unavailable(error));
        this.#report(breaker, isAnswer(error));
      };
      try {
        Promise.resolve(run()).then(answered, failed);
      } catch (error) {
        failed(error);
      }
    });
  }

  #report(breaker: CircuitBreaker | undefined, answered: boolean): void {
    if (!breaker) return;
    if (answered ? breaker.succeeded() : breaker.failed()) this.#onStateChange?.(answered ? 'up' : 'down');
  }

  #timedOut(deadlines: DeadlineQueue): SessionStorageUnavailableError {
    const timeout = deadlines === this.#single ? this.#timeout : MANY * this.#timeout;
    return new SessionStorageUnavailableError(
      `The session storage did not answer within ${timeout} ms. Check that it is reachable, ` +
        'or raise timeoutInMilliseconds.',
    );
  }
}

function monotonic(): number {
  return performance.now();
}

async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw unavailable(error);
  }
}

function isAnswer(error: unknown): boolean {
  return error instanceof SessionError && error.code !== 'SESSION_STORAGE_UNAVAILABLE';
}

function unavailable(error: unknown): SessionError {
  if (error instanceof SessionError) return error;
  return new SessionStorageUnavailableError(
    'The session storage failed. Its own error is the cause of this one; check that it is reachable.',
    { cause: error },
  );
}

function refused(pauseInMilliseconds: number): SessionStorageUnavailableError {
  return new SessionStorageUnavailableError(
    'The session storage failed several times in a row and is given a pause. Try again later.',
    { retryAfterInSeconds: Math.max(1, Math.ceil(pauseInMilliseconds / 1000)) },
  );
}
