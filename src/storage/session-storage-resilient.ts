import { SessionConfigurationError, SessionError, SessionStorageUnavailableError } from '../errors/session.errors.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { DeadlineQueue, startUnrefTimer, type StartTimer } from './deadline-queue.js';
import { assertStorage } from './option-type.js';
import type { OwnerIndex, SessionStorage, SessionToStore, StoredSession } from './session-storage.js';
import { storageFaultOf } from './storage-fault.js';
import { wrappedCapabilities, type StorageOperation, type StorageOverrides } from './wrapped-storage.js';

export interface SessionStorageResilientOptions {
  /**
   * Timeout of one call in milliseconds. Default 1,000. `owners` and `close`, which handle many sessions, have ten
   * times as long; `sweep` has no timeout.
   */
  readonly timeoutInMilliseconds?: number;
  /** Called when the storage goes down and when it recovers, with the outage since the first failure. */
  readonly onStateChange?: (state: 'down' | 'up', outage: StorageOutage) => void;
  /** Monotonic clock, milliseconds. Default `performance.now`. */
  readonly now?: () => number;
  /** Default: `setTimeout` that does not keep the process alive. */
  readonly startTimer?: StartTimer;
  /** 0 to 1, spreads the retries of several processes. Default `Math.random`. */
  readonly random?: () => number;
}

/** An outage so far. */
export interface StorageOutage {
  /** Failed calls plus rejected calls. */
  readonly failures: number;
  /** Since the first failure. */
  readonly milliseconds: number;
}

const MANY = 10;
/** Milliseconds without a call: twice the longest pause of a breaker. */
const LEFT_AFTER = 30_000;

type Breakers = Readonly<Record<'read' | 'write' | 'end', CircuitBreaker>>;

interface NodeBreakers extends Breakers {
  /** By the monotonic clock. */
  usedAt: number;
}

function isOpen({ read, write, end }: Breakers): boolean {
  return read.isOpen || write.isOpen || end.isOpen;
}

/**
 * Adds a deadline and a circuit breaker to a storage: by default no client of Redis or PostgreSQL gives up on a hanging
 * server.
 *
 * Every rejection and timeout becomes a {@link SessionStorageUnavailableError} with its cause; other errors of this
 * library, such as "too large", are passed on. A call that timed out may still take effect. A failed read is retried
 * once within its deadline.
 *
 * After half a second and at least five calls without an answer the storage counts as down: calls fail at once for one
 * second, then one probe is sent; each failed probe doubles the pause, up to 15 s. Reads, writes and ends have separate
 * breakers: a full server still reads and ends sessions. So have the nodes of a cluster, for a storage with `nodeOf`: a
 * node that hangs concerns its own sessions. Errors of a single call ({@link StorageFault}) do not count.
 * `ping` is always sent.
 *
 * It has the capabilities of the wrapped storage.
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
  /** Of calls that are not about one node. */
  readonly #breakers: Breakers;
  readonly #nodes = new Map<string, NodeBreakers>();
  readonly #newBreakers: () => Breakers;
  readonly #single: DeadlineQueue;
  readonly #many: DeadlineQueue;
  readonly #onStateChange: SessionStorageResilientOptions['onStateChange'];
  readonly #now: () => number;
  #failures = 0;
  #failingSince = 0;
  /** It was said that the storage is down. */
  #isReported = false;

  /** @throws {SessionConfigurationError} for an invalid storage, and for a timeout that is not a positive number. */
  constructor(storage: SessionStorage, options: SessionStorageResilientOptions = {}) {
    assertStorage('A deadline', storage);
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
    const breaker = (isOfWrites = false): CircuitBreaker =>
      new CircuitBreaker(now, options.random ?? Math.random, isOfWrites);
    this.#newBreakers = () => ({ read: breaker(), write: breaker(true), end: breaker() });
    this.#breakers = this.#newBreakers();
    this.#single = new DeadlineQueue(timeout, now, startTimer);
    this.#many = new DeadlineQueue(MANY * timeout, now, startTimer);
    this.#onStateChange = options.onStateChange;
    this.#now = now;
    Object.assign(
      this,
      wrappedCapabilities(storage, (operation, call) => this.#around(operation, call), this.#writesOfOneSession()),
    );
  }

  read(id: string): Promise<StoredSession | undefined> {
    return this.#call(this.#single, this.#breakersOf(id).read, () => this.#storage.read(id), true);
  }

  write(id: string, session: SessionToStore): Promise<string | void> {
    return this.#call(this.#single, this.#breakersOf(id).write, () => this.#storage.write(id, session));
  }

  invalidate(id: string): Promise<boolean | void> {
    return this.#call(this.#single, this.#breakersOf(id).end, () => this.#storage.invalidate(id));
  }

  #writesOfOneSession(): StorageOverrides {
    const storage = this.#storage;
    const write = <T>(id: string, run: () => Promise<T>): Promise<T> =>
      this.#call(this.#single, this.#breakersOf(id).write, run);
    return {
      create: (id, session) => write(id, () => storage.create!(id, session)),
      replace: (id, session, version) => write(id, () => storage.replace!(id, session, version)),
      touch: (id, ...rest) => write(id, () => storage.touch!(id, ...rest)),
    };
  }

  #breakersOf(id: string): Breakers {
    const node = this.#storage.nodeOf?.(id);
    if (node === undefined) return this.#breakers;
    let breakers = this.#nodes.get(node);
    if (!breakers) this.#nodes.set(node, (breakers = { ...this.#newBreakers(), usedAt: 0 }));
    breakers.usedAt = this.#now();
    return breakers;
  }

  // `ping`, `inspect` and `close` bypass the breaker; `sweep` has no deadline.
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
        return this.#call(this.#many, this.#breakers.read, call, true);
      case 'readMany':
        return this.#call(this.#single, this.#breakers.read, call, true);
      case 'invalidateAll':
        return this.#call(this.#many, this.#breakers.end, call);
      case 'invalidate':
        return this.#call(this.#single, this.#breakers.end, call);
      case 'read':
        return this.#call(this.#single, this.#breakers.read, call, true);
      case 'create':
      case 'replace':
      case 'touch':
      case 'write':
        return this.#call(this.#single, this.#breakers.write, call);
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
      // Late results and late errors are ignored.
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
        // A server that refuses writes affects only the write breaker.
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
    // Nobody calls a node that has left the cluster.
    const since = this.#nodes.size === 0 ? 0 : this.#now() - LEFT_AFTER;
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
    return deadlines === this.#single ? this.#timeout : MANY * this.#timeout;
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
  return new SessionStorageUnavailableError(
    'The session storage failed. Its own error is the cause of this one; check that it is reachable.',
    { cause: error },
  );
}

function refused(pauseInMilliseconds: number): SessionStorageUnavailableError {
  return new SessionStorageUnavailableError(
    'The session storage does not answer and is not called for a while. Try again later.',
    { retryAfterInSeconds: Math.max(1, Math.ceil(pauseInMilliseconds / 1000)) },
  );
}
