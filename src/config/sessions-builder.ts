import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionSerializer } from '../serializer/session-serializer.js';
import type { SessionProvider } from '../session/session-provider.js';
import type { SessionStorage } from '../storage/session-storage.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionIdProvider } from '../tracker/session-id-provider.js';
import type { CookieConfiguration } from '../transport/cookie-configuration.js';
import type { SessionTransportTransformer } from '../transformer/session-transport-transformer.js';
import type { SessionOverrides, SessionRegistration } from './session-options.js';

export type MutableCookieConfiguration = { -readonly [K in keyof CookieConfiguration]: CookieConfiguration[K] };

/** Options of all sessions (Ktor: `CookieSessionBuilder`). */
export abstract class SessionBuilder<S extends object> {
  readonly type: SessionClass<S>;
  serializer?: SessionSerializer<S>;
  /** Default `true`; Ktor's is `false`. */
  sendOnlyIfModified?: boolean;
  readonly #name: string;
  readonly #transformers: SessionTransportTransformer[] = [];

  constructor(type: SessionClass<S>, name: string) {
    this.type = type;
    this.#name = name;
  }

  get transformers(): readonly SessionTransportTransformer[] {
    return [...this.#transformers];
  }

  /** Appends one. Default by value: the seal with the module's keys. */
  transform(transformer: SessionTransportTransformer): void {
    this.#transformers.push(transformer);
  }

  build(): SessionOverrides<S> {
    return {
      type: this.type,
      name: this.#name,
      ...(this.#transformers.length > 0 ? { transformers: this.transformers } : {}),
      ...(this.serializer ? { serializer: this.serializer } : {}),
      ...(this.sendOnlyIfModified === undefined ? {} : { sendOnlyIfModified: this.sendOnlyIfModified }),
    };
  }
}

/** By value in a cookie (Ktor: `CookieSessionBuilder`). */
export class CookieSessionBuilder<S extends object> extends SessionBuilder<S> {
  /** Merged with the module's. */
  readonly cookie: MutableCookieConfiguration = {};

  override build(): SessionOverrides<S> {
    return { ...super.build(), tracker: 'by-value', transport: 'cookie', cookie: { ...this.cookie } };
  }
}

/** By id in a cookie (Ktor: `CookieIdSessionBuilder`). */
export class CookieIdSessionBuilder<S extends object> extends CookieSessionBuilder<S> {
  readonly #storage: SessionStorage;
  #identity: SessionIdProvider | undefined;

  constructor(type: SessionClass<S>, name: string, storage: SessionStorage) {
    super(type, name);
    this.#storage = storage;
  }

  /** Default: 256 random bits. */
  identity(provide: SessionIdProvider): void {
    this.#identity = provide;
  }

  override build(): SessionOverrides<S> {
    return { ...super.build(), tracker: 'by-id', storage: this.#storage, ...identityOf(this.#identity) };
  }
}

/** By value in a header (Ktor: `HeaderSessionBuilder`). */
export class HeaderSessionBuilder<S extends object> extends SessionBuilder<S> {
  override build(): SessionOverrides<S> {
    return { ...super.build(), tracker: 'by-value', transport: 'header' };
  }
}

/** By id in a header (Ktor: `HeaderIdSessionBuilder`). */
export class HeaderIdSessionBuilder<S extends object> extends HeaderSessionBuilder<S> {
  readonly #storage: SessionStorage;
  #identity: SessionIdProvider | undefined;

  constructor(type: SessionClass<S>, name: string, storage: SessionStorage) {
    super(type, name);
    this.#storage = storage;
  }

  /** Default: 256 random bits. */
  identity(provide: SessionIdProvider): void {
    this.#identity = provide;
  }

  override build(): SessionOverrides<S> {
    return { ...super.build(), tracker: 'by-id', storage: this.#storage, ...identityOf(this.#identity) };
  }
}

export type Block<B> = (it: B) => void;

/**
 * Ktor-style configuration of sessions (Ktor: `SessionsConfig`, the receiver of `install(Sessions) { … }`):
 *
 * ```ts
 * SessionsModule.forRoot({
 *   install: (sessions) => {
 *     sessions.cookie(UserSession, 'user_session', (it) => { it.cookie.sameSite = SameSite.Strict; });
 *     sessions.header(CartSession, 'x-cart', new SessionStorageMemory());
 *   },
 * })
 * ```
 */
export class SessionsConfig {
  readonly #registrations: SessionRegistration[] = [];

  get registrations(): readonly SessionRegistration[] {
    return [...this.#registrations];
  }

  /** By id with a storage. */
  cookie<S extends object>(type: SessionClass<S>, name: string, block?: Block<CookieSessionBuilder<S>>): void;
  cookie<S extends object>(
    type: SessionClass<S>,
    name: string,
    storage: SessionStorage,
    block?: Block<CookieIdSessionBuilder<S>>,
  ): void;
  cookie<S extends object>(
    type: SessionClass<S>,
    name: string,
    storageOrBlock?: SessionStorage | Block<CookieSessionBuilder<S>>,
    block?: Block<CookieIdSessionBuilder<S>>,
  ): void {
    if (arguments.length > 2) assertGiven(name, storageOrBlock);
    if (typeof storageOrBlock === 'object') {
      this.#add(new CookieIdSessionBuilder(type, name, checkedStorage(name, storageOrBlock)), block);
    } else this.#add(new CookieSessionBuilder(type, name), storageOrBlock);
  }

  /** By id with a storage. */
  header<S extends object>(type: SessionClass<S>, name: string, block?: Block<HeaderSessionBuilder<S>>): void;
  header<S extends object>(
    type: SessionClass<S>,
    name: string,
    storage: SessionStorage,
    block?: Block<HeaderIdSessionBuilder<S>>,
  ): void;
  header<S extends object>(
    type: SessionClass<S>,
    name: string,
    storageOrBlock?: SessionStorage | Block<HeaderSessionBuilder<S>>,
    block?: Block<HeaderIdSessionBuilder<S>>,
  ): void {
    if (arguments.length > 2) assertGiven(name, storageOrBlock);
    if (typeof storageOrBlock === 'object') {
      this.#add(new HeaderIdSessionBuilder(type, name, checkedStorage(name, storageOrBlock)), block);
    } else this.#add(new HeaderSessionBuilder(type, name), storageOrBlock);
  }

  register<S extends object>(provider: SessionProvider<S>): void {
    this.#registrations.push(provider);
  }

  #add<S extends object, B extends SessionBuilder<S>>(builder: B, block: Block<B> | undefined): void {
    block?.(builder);
    this.#registrations.push(builder.build());
  }
}

function checkedStorage(name: string, storage: SessionStorage | null): SessionStorage {
  if (storage !== null && typeof storage.read === 'function') return storage;
  throw new SessionConfigurationError(`Session "${name}": the third argument is a storage or a function.`);
}

function identityOf(identity: SessionIdProvider | undefined): { identity?: SessionIdProvider } {
  return identity ? { identity } : {};
}

function assertGiven(name: string, storageOrBlock: unknown): void {
  if (storageOrBlock !== undefined) return;
  throw new SessionConfigurationError(
    `Session "${name}": its storage is undefined. Pass a storage, or omit it for a by-value session.`,
  );
}
