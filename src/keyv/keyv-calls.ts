import { AsyncLocalStorage } from 'node:async_hooks';
import { SessionConfigurationError } from '../errors/session.errors.js';

/** Version 4, 5 or 6. */
export interface KeyvLike {
  readonly get: (...args: never[]) => Promise<unknown>;
  readonly set: (...args: never[]) => Promise<unknown>;
  readonly delete: (...args: never[]) => Promise<unknown>;
}

interface Emitter {
  on?(event: 'error', listener: (error: unknown) => void): unknown;
}

interface Methods extends Emitter {
  get(key: string): Promise<unknown>;
  getRaw?(key: string): Promise<{ readonly value: unknown } | null | undefined>;
  getMany?(keys: string[]): Promise<unknown[]>;
  set(key: string, value: string, ttlInMilliseconds: number): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  readonly store?: Emitter & { getMany?: unknown };
  readonly opts?: { readonly store?: Emitter };
}

interface Call {
  failed: boolean;
  error?: unknown;
}

/** One for all: before Node 24, each slows down all promises. */
const currentCall = new AsyncLocalStorage<Call>();

/**
 * For a failing store, Keyv returns the same as for an unknown key, and emits an `error`. The asynchronous context
 * links it to its call.
 */
export class KeyvCalls {
  readonly #keyv: Methods;

  constructor(keyv: KeyvLike) {
    if ((['get', 'set', 'delete'] as const).some((name) => typeof keyv?.[name] !== 'function')) {
      throw new SessionConfigurationError(
        'The keyv of keyvSessionStorage must be a Keyv of version 4, 5 or 6: ' +
          'keyvSessionStorage({ keyv: new Keyv(store) }).',
      );
    }
    this.#keyv = keyv;
    const note = (error: unknown): void => {
      const call = currentCall.getStore();
      if (call) Object.assign(call, { failed: true, error });
    };
    this.#keyv.on?.('error', note);
    // If Keyv emits no errors, its store does.
    (this.#keyv.store ?? this.#keyv.opts?.store)?.on?.('error', note);
  }

  get(key: string): Promise<unknown> {
    // get of version 5 returns `undefined` if the store throws.
    return this.#watch(async () => {
      if (!this.#keyv.getRaw) return this.#keyv.get(key);
      return (await this.#keyv.getRaw(key))?.value;
    });
  }

  getMany(keys: readonly string[]): Promise<unknown[]> {
    // Keyv 4 and 5 hide failures of stores without getMany.
    if (!this.#keyv.getMany || typeof this.#keyv.store?.getMany !== 'function') {
      return Promise.all(keys.map((key) => this.get(key)));
    }
    return this.#watch(() => this.#keyv.getMany!([...keys]));
  }

  async set(key: string, value: string, ttlInMilliseconds: number): Promise<void> {
    const done = await this.#watch(() => this.#keyv.set(key, value, ttlInMilliseconds));
    if (done === false) throw new Error('Keyv could not set a key.');
  }

  /** @returns whether it existed, if known. */
  async delete(key: string): Promise<boolean | undefined> {
    const done = await this.#watch(() => this.#keyv.delete(key));
    if (done === true) return undefined; // some stores return true for unknown keys, too
    if ((await this.get(key)) !== undefined) throw new Error('Keyv could not delete a key.');
    return false;
  }

  async #watch<T>(run: () => Promise<T>): Promise<T> {
    const call: Call = { failed: false };
    const answer = await currentCall.run(call, run);
    if (call.failed) throw call.error;
    return answer;
  }
}
