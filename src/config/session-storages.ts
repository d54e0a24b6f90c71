import { SessionConfigurationError } from '../errors/session.errors.js';
import { isStorage } from '../storage/option-checks.js';
import {
  isConditional,
  SessionStorageGuarded,
  type ConditionalSessionStorage,
} from '../storage/session-storage-guarded.js';
import { SessionStorageMemory } from '../memory/session-storage-memory.js';
import { SessionStorageResilient, type StorageOutage } from '../storage/session-storage-resilient.js';
import type { SessionStorage } from '../storage/session-storage.js';
import { SessionTrackerById } from '../tracker/session-tracker-by-id.js';
import type { SessionProvider } from '../session/session-provider.js';
import { DevelopmentCache } from './development-cache.js';
import { DevelopmentMemory, DEVELOPMENT_WARNING } from './development-memory.js';
import type { SharedOptions, SessionStorageToken } from './session-options.js';
import type { ResolvedOptions } from './resolved-options.js';

export type StorageStateListener = (storage: string, state: 'down' | 'up', outage: StorageOutage) => void;

export class SessionStorages {
  readonly #options: SharedOptions;
  readonly #resolve: (token: SessionStorageToken) => unknown;
  readonly #warn: (sentence: string) => void;
  readonly #onStateChange: StorageStateListener;
  readonly #storages = new Map<SessionStorage, ConditionalSessionStorage>();
  readonly #onEvicted: (count: number) => void;
  readonly #watched = new Map<SessionStorage, () => void>();
  readonly #customStorages = new Map<SessionStorage, SessionStorage>();
  #memory: SessionStorageMemory | undefined;

  /**
   * @param resolve resolves an injection token.
   * @param onEvicted gets the number of sessions that a full storage ended.
   */
  constructor(
    options: SharedOptions,
    resolve: (token: SessionStorageToken) => unknown,
    warn: (sentence: string) => void,
    onStateChange: StorageStateListener = () => undefined,
    onEvicted: (count: number) => void = () => undefined,
  ) {
    this.#options = options;
    this.#resolve = resolve;
    this.#warn = warn;
    this.#onStateChange = onStateChange;
    this.#onEvicted = onEvicted;
  }

  get owned(): readonly SessionStorage[] {
    const given = [...this.#storages.keys(), ...this.#customStorages.keys()];
    const owners = given.filter((storage) => storage.ownsClient === true && storage !== this.#memory);
    return [...new Set([...(this.#memory ? [this.#memory] : []), ...owners])];
  }

  get all(): readonly SessionStorage[] {
    return [...this.#storages.values(), ...this.#customStorages.values()];
  }

  release(): void {
    for (const stop of this.#watched.values()) stop();
    this.#watched.clear();
  }

  addCustom({ tracker }: SessionProvider): void {
    if (!(tracker instanceof SessionTrackerById)) return;
    this.#customStorages.set(tracker.storage, this.#resilient(tracker.storage));
  }

  /** @throws {SessionConfigurationError} if it is not a storage. */
  of(settings: ResolvedOptions): ConditionalSessionStorage {
    const storage = this.named(settings);
    const present = this.#storages.get(storage);
    if (present) return present;
    if (!isStorage(storage)) {
      throw new SessionConfigurationError(
        `Session "${settings.name}": storage has no read, write and invalidate. Pass a SessionStorage, such as ` +
          'new SessionStorageMemory().',
      );
    }
    if (!isConditional(storage)) {
      this.#warn(
        `${storage.constructor.name} has no conditional write (replace): parallel changes of one session are safe ` +
          'within this process only.',
      );
    }
    const conditional = this.#conditional(storage);
    this.#storages.set(storage, conditional);
    return conditional;
  }

  #conditional(storage: SessionStorage): ConditionalSessionStorage {
    const resilient = this.#resilient(storage);
    if (isConditional(resilient)) return resilient;
    const { now } = this.#options;
    return new SessionStorageGuarded(resilient, now ? { now } : {});
  }

  #resilient(storage: SessionStorage): SessionStorageResilient {
    const watch = storage.watchEvictions?.bind(storage);
    if (watch && !this.#watched.has(storage)) this.#watched.set(storage, watch(this.#onEvicted));
    const timeoutInMilliseconds = this.#options.storageTimeoutInMilliseconds;
    return new SessionStorageResilient(storage, {
      ...(timeoutInMilliseconds === undefined ? {} : { timeoutInMilliseconds }),
      onStateChange: (state, outage) => this.#onStateChange(storage.constructor.name, state, outage),
    });
  }

  named(settings: ResolvedOptions): SessionStorage {
    const reference = settings.storage ?? this.#options.storage ?? this.#memoryStorage();
    return isToken(reference) ? this.#provided(settings, reference) : reference;
  }

  #provided(settings: ResolvedOptions, token: SessionStorageToken): SessionStorage {
    let storage: unknown;
    try {
      storage = this.#resolve(token);
    } catch {
      storage = undefined;
    }
    if (storage !== undefined) return storage as SessionStorage;
    // A string may contain a password.
    const what = typeof token === 'function' ? `class ${token.name}` : `a ${typeof token}`;
    throw new SessionConfigurationError(
      `Session "${settings.name}": storage is ${what}, but no module of the application provides it. Add it to the ` +
        'providers of a module, or pass a SessionStorage, such as new SessionStorageMemory().',
    );
  }

  #memoryStorage(): SessionStorage {
    if (!this.#memory) {
      this.#memory = this.#newMemory();
      if (process.env['NODE_ENV'] === 'production') {
        this.#warn(
          'By-id sessions are kept in the memory of this process: they end with it, and other processes do not see ' +
            'them. Pass SessionsModule.forRoot({ storage }).',
        );
      }
    }
    return this.#memory;
  }

  #newMemory(): SessionStorageMemory {
    const { now } = this.#options;
    // With a test clock, sessions must not survive a restart.
    if (now) return new SessionStorageMemory({ now });
    const cache = DevelopmentCache.ofProcess();
    const key = cache?.key();
    if (!cache || key === undefined) return new SessionStorageMemory();
    this.#warn(DEVELOPMENT_WARNING);
    return new DevelopmentMemory(cache, key);
  }
}

function isToken(reference: SessionStorage | SessionStorageToken): reference is SessionStorageToken {
  return typeof reference === 'function' || typeof reference === 'string' || typeof reference === 'symbol';
}
