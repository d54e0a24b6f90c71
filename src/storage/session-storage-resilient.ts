import { SessionConfigurationError, SessionError, SessionStorageUnavailableError } from '../errors/session.errors.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { DeadlineQueue, startUnrefTimer, type StartTimer } from './deadline-queue.js';
import { assertStorage } from './option-checks.js';
import type { OwnerIndex, SessionStorage, SessionToStore, StoredSession } from './session-storage.js';
import { storageFaultOf } from './storage-fault.js';
import { wrappedCapabilities, type StorageOperation } from './wrapped-storage.js';

export interface SessionStorageResilientOptions {
  /** Timeout of a call. Default 1,000. Ten times as long for `owners` and `close`; none for `sweep`. */
  readonly timeoutInMilliseconds?: number;
  readonly onStateChange?: (state: 'down' | 'up', outage: StorageOutage) => void;
  /** Monotonic clock, in milliseconds. Default `performance.now`. */
  readonly now?: () => number;
  /** Default: an unreferenced `setTimeout`. */
  readonly startTimer?: StartTimer;
  /** From 0 to 1. Default `Math.random`. */
  readonly random?: () => number;
}

export interface StorageOutage {
  /** Failed and rejected calls. */
  readonly failures: number;
  /** Since the first failure. */
  readonly milliseconds: number;
}

const TIMEOUT_FACTOR_OF_MANY = 10;
const NODE_LEFT_AFTER_IN_MILLISECONDS = 30_000;

type Breakers = Readonly<Record<'read' | 'write' | 'end', CircuitBreaker>>;

interface NodeBreakers extends Breakers {
  usedAt: number;
}

function isOpen({ read, write, end }: Breakers): boolean {
  return read.isOpen || write.isOpen || end.isOpen;
}

/**
 * Adds deadlines and a circuit breaker; see docs/reliability.md.
 *
 * Failures and timeouts become a {@link SessionStorageUnavailableError}. A timed-out call may still take effect. A
 * failed read is retried once within its deadline. Reads, writes, ends and cluster nodes have separate breakers.
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
  declare readonly ownsClient?: boolean;
  declare readonly nodeOf?: NonNullable<SessionStorage['nodeOf']>;
  declare readonly readMany?: NonNullable<SessionStorage['readMany']>;
  readonly #storage: SessionStorage;
  readonly #timeout: number;
  readonly #breakers: Breakers;
  readonly #nodes = new Map<string, NodeBreakers>();
  readonly #newBreakers: () => Breakers;
  readonly #deadlinesOfOne: DeadlineQueue;
  readonly #deadlinesOfMany: DeadlineQueue;
  readonly #onStateChange: SessionStorageResilientOptions['onStateChange'];
  readonly #now: () => number;
  #failures = 0;
  #failingSince = 0;
  #isReported = false;

  constructor(storage: SessionStorage, options: SessionStorageResilientOptions = {}) {
    assertStorage('A deadline', storage);
    const timeout = options.timeoutInMilliseconds ?? 1000;
    if (!Number.isFinite(timeout) || timeout <= 0) {
      throw new SessionConfigurationError(
        'timeoutInMilliseconds of a session storage must be a positive number, such as { timeoutInMilliseconds: 1000 }.',
      );
    }
    const now = options.now ?? monotonic;
    const startTimer = options.startTimer ?? startUnrefTimer;
    this.#storage = storage;
    this.#timeout = timeout;
    const breaker = (isOfWrites = false): CircuitBreaker =>
      new CircuitBreaker(now, options.random ?? Math.random, isOfWrites);
    this.#newBreakers = () => ({ read: breaker(), write: breaker(true), end: breaker() });
    this.#breakers = this.#newBreakers();
    this.#deadlinesOfOne = new DeadlineQueue(timeout, now, startTimer);
    this.#deadlinesOfMany = new DeadlineQueue(TIMEOUT_FACTOR_OF_MANY * timeout, now, startTimer);
    this.#onStateChange = options.onStateChange;
    this.#now = now;
    Object.assign(
      this,
      wrappedCapabilities(storage, (operation, call, id) => this.#around(operation, call, id)),
    );
  }

  read(id: string): Promise<StoredSession | undefined> {
    return this.#around('read', () => this.#storage.read(id), id);
  }

  write(id: string, session: SessionToStore): Promise<string | void> {
    return this.#around('write', () => this.#storage.write(id, session), id);
  }

  invalidate(id: string): Promise<boolean | void> {
    return this.#around('invalidate', () => this.#storage.invalidate(id), id);
  }

  #breakersOf(id: string | undefined): Breakers {
    const node = id === undefined ? undefined : this.#storage.nodeOf?.(id);
    if (node === undefined) return this.#breakers;
    let breakers = this.#nodes.get(node);
    if (!breakers) this.#nodes.set(node, (breakers = { ...this.#newBreakers(), usedAt: 0 }));
    breakers.usedAt = this.#now();
    return breakers;
  }

  #around<T>(operation: StorageOperation, call: () => Promise<T>, id?: string): Promise<T> {
    switch (operation) {
      case 'ping':
      case 'inspect':
        return this.#attempt(this.#deadlinesOfOne, call, undefined);
      case 'close':
        return this.#attempt(this.#deadlinesOfMany, call, undefined);
      case 'sweep':
        return translated(call);
      case 'list':
        return this.#call(this.#deadlinesOfMany, this.#breakers.read, call, true);
      case 'invalidateAll':
        return this.#call(this.#deadlinesOfMany, this.#breakers.end, call);
      case 'read':
      case 'readMany':
        return this.#call(this.#deadlinesOfOne, this.#breakersOf(id).read, call, true);
      case 'invalidate':
        return this.#call(this.#deadlinesOfOne, this.#breakersOf(id).end, call);
      case 'create':
      case 'replace':
      case 'touch':
      case 'write':
        return this.#call(this.#deadlinesOfOne, this.#breakersOf(id).write, call);
    }
  }

  #call<T>(deadlines: DeadlineQueue, breaker: CircuitBreaker, run: () => Promise<T>, mayRepeat = false): Promise<T> {
    const pause = breaker.refusal();
    if (pause > 0) {
      this.#failures++;
      return Promise.reject(refused(pause));
    }
    return this.#attempt(deadlines, run, breaker, mayRepeat);
  }

  #attempt<T>(
    deadlines: DeadlineQueue,
    run: () => Promise<T>,
    breaker: CircuitBreaker | undefined,
    mayRepeat = false,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let repeats = mayRepeat;
      const ticket = deadlines.add(() => {
        reject(this.#timedOut(deadlines));
        this.#failed(breaker, this.#timeoutOf(deadlines));
      });
      const answered = (answer: T): void => {
        if (!deadlines.release(ticket)) return;
        resolve(answer);
        this.#succeeded(breaker);
      };
      const failed = (error: unknown): void => {
        const fault = storageFaultOf(error);
        if (repeats && fault === 'outage') {
          repeats = false;
          return start();
        }
        if (!deadlines.release(ticket)) return;
        reject(unavailable(error));
        // A server that rejects writes affects only the write breaker.
        const isFailure = fault === 'outage' || (fault === 'read-only' && breaker?.isOfWrites === true);
        if (isFailure) this.#failed(breaker, 0);
        else this.#succeeded(breaker);
      };
      const start = (): void => {
        try {
          Promise.resolve(run()).then(answered, failed);
        } catch (error) {
          failed(error);
        }
      };
      start();
    });
  }

  get #isDown(): boolean {
    if (isOpen(this.#breakers)) return true;
    const since = this.#nodes.size === 0 ? 0 : this.#now() - NODE_LEFT_AFTER_IN_MILLISECONDS;
    return [...this.#nodes.values()].some((breakers) => breakers.usedAt > since && isOpen(breakers));
  }

  #succeeded(breaker: CircuitBreaker | undefined): void {
    if (!breaker) return;
    breaker.succeeded();
    if (this.#failures === 0 || this.#isDown) return;
    if (this.#isReported) this.#onStateChange?.('up', this.#outage);
    this.#isReported = false;
    this.#failures = 0;
  }

  #failed(breaker: CircuitBreaker | undefined, lasted: number): void {
    if (!breaker) return;
    if (this.#failures++ === 0) this.#failingSince = this.#now() - lasted;
    if (!breaker.failed(lasted) || this.#isReported) return;
    this.#isReported = true;
    this.#onStateChange?.('down', this.#outage);
  }

  get #outage(): StorageOutage {
    return { failures: this.#failures, milliseconds: Math.round(this.#now() - this.#failingSince) };
  }

  #timeoutOf(deadlines: DeadlineQueue): number {
    return deadlines === this.#deadlinesOfOne ? this.#timeout : TIMEOUT_FACTOR_OF_MANY * this.#timeout;
  }

  #timedOut(deadlines: DeadlineQueue): SessionStorageUnavailableError {
    return new SessionStorageUnavailableError(
      `The session storage did not answer within ${this.#timeoutOf(deadlines)} ms. Check that it is reachable, ` +
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

function unavailable(error: unknown): SessionError {
  if (error instanceof SessionError) return error;
  return new SessionStorageUnavailableError('The session storage failed. Check that it is reachable; see the cause.', {
    cause: error,
  });
}

function refused(pauseInMilliseconds: number): SessionStorageUnavailableError {
  return new SessionStorageUnavailableError(
    'The session storage does not answer. Calls are suspended. Try again later.',
    { retryAfterInSeconds: Math.max(1, Math.ceil(pauseInMilliseconds / 1000)) },
  );
}
