import { SessionConfigurationError } from '../errors/session.errors.js';
import { KeyRing } from '../keys/key-ring.js';
import { noKeysError } from '../keys/key-material.js';
import { SessionSerializerReflection } from '../serializer/session-serializer-reflection.js';
import type { SessionSerializer } from '../serializer/session-serializer.js';
import { migratingProvider } from '../session/session-migration.js';
import { SessionProvider } from '../session/session-provider.js';
import {
  isConditional,
  SessionStorageGuarded,
  type ConditionalSessionStorage,
} from '../storage/session-storage-guarded.js';
import { isStorage } from '../storage/option-type.js';
import { SessionStorageMemory } from '../storage/session-storage-memory.js';
import { SessionStorageResilient } from '../storage/session-storage-resilient.js';
import type { SessionStorage } from '../storage/session-storage.js';
import type { SessionClass } from '../tracker/session-class.js';
import { SessionLifetime } from '../tracker/session-lifetime.js';
import { SessionMerge } from '../tracker/session-merge.js';
import { SessionTrackerById } from '../tracker/session-tracker-by-id.js';
import { SessionTrackerByValue } from '../tracker/session-tracker-by-value.js';
import type { SessionTracker } from '../tracker/session-tracker.js';
import { SessionTransportTransformerSeal } from '../transformer/session-transport-transformer-seal.js';
import type { SessionTransportTransformer } from '../transformer/session-transport-transformer.js';
import { LONGEST_COOKIE_MAX_AGE } from '../transport/cookie-configuration.js';
import { SessionTransportCookie } from '../transport/session-transport-cookie.js';
import { SessionTransportHeader } from '../transport/session-transport-header.js';
import type { SessionTransport } from '../transport/session-transport.js';
import { refuseOtherThan, refuseUnknownOptions } from './known-options.js';
import { maxPerOwnerOf } from './max-per-owner.js';
import { refuseOtherTypes, SESSION_OPTION_TYPES, SESSIONS_OPTION_TYPES } from './option-types.js';
import { readOwner } from './read-owner.js';
import { countersOf, definitionOf } from './session-definition.js';
import type {
  SessionKeys,
  SessionOptions,
  SessionOverrides,
  SessionRegistration,
  SessionsOptions,
  SessionStorageToken,
} from './session-options.js';

const SESSION_OPTIONS: ReadonlyArray<keyof SessionOverrides> = [
  'type',
  'name',
  'tracker',
  'transport',
  'cookie',
  'exposed',
  'idleTimeoutInSeconds',
  'absoluteTimeoutInSeconds',
  'renewAfterInSeconds',
  'onClash',
  'maxPerOwner',
  'sendOnlyIfModified',
  'saveOnServerError',
  'onUnavailable',
  'storage',
  'keys',
  'serializer',
  'transformers',
  'identity',
  'from',
];

/** What {@link SessionProviderBuilder} has to say beside the provider. */
export interface BuiltSession {
  readonly provider: SessionProvider;
  /** One line for the log: name, class, tracker, transport, storage, lifetimes. */
  readonly description: string;
}

type Settings = SessionOverrides & { readonly name: string };

/**
 * Makes the {@link SessionProvider} of a declared session out of its class's `@Session`, its overrides, the module's
 * options and the safe defaults, in this order (Ktor: `CookieSessionBuilder` and its three sisters).
 */
export class SessionProviderBuilder {
  readonly #options: SessionsOptions;
  readonly #production = process.env['NODE_ENV'] === 'production';
  readonly #storages = new Map<SessionStorage, ConditionalSessionStorage>();
  readonly #storagesByHand = new Map<SessionStorage, SessionStorage>();
  readonly #warnings = new Set<string>();
  #keys: KeyRing | undefined;
  readonly #resolve: (token: SessionStorageToken) => unknown;
  #memory: SessionStorageMemory | undefined;

  /**
   * @param resolve finds a provider of the application; throws or gives `undefined` where there is none.
   * @throws {SessionConfigurationError} for an option of the wrong type.
   */
  constructor(options: SessionsOptions, resolve: (token: SessionStorageToken) => unknown = () => undefined) {
    refuseOtherTypes('SessionsModule', options, SESSIONS_OPTION_TYPES);
    refuseOtherThan('SessionsModule', 'onUnavailable', options.onUnavailable, ['reject', 'anonymous']);
    this.#options = options;
    this.#resolve = resolve;
  }

  /** What the operator should know, each once. */
  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  /** The storages that this builder opened itself and that must be closed with the application. */
  get ownedStorages(): readonly SessionStorage[] {
    return this.#memory ? [this.#memory] : [];
  }

  /** Every storage of the sessions built so far, with a deadline; those of providers made by hand included. */
  get storages(): readonly SessionStorage[] {
    return [...this.#storages.values(), ...this.#storagesByHand.values()];
  }

  /** @throws {SessionConfigurationError} when something cannot work; the message says what to write instead. */
  build(registration: SessionRegistration): BuiltSession {
    if (isProvider(registration)) {
      this.#noteByHand(registration);
      return { provider: registration, description: describeProvider(registration) };
    }
    const settings = this.#settingsOf(registration);
    const transport = this.#transport(settings);
    const serializer = settings.serializer ?? this.#serializer(settings.type);
    const lifetime = this.#lifetime(settings);
    const tracker =
      settings.tracker === 'by-id'
        ? this.#trackById(settings, serializer, lifetime)
        : this.#trackByValue(settings, serializer, lifetime);
    const own = new SessionProvider(settings.name, settings.type, transport, tracker, {
      sendOnlyIfModified: settings.sendOnlyIfModified ?? true,
      saveOnServerError: settings.saveOnServerError ?? this.#options.saveOnServerError ?? false,
      onUnavailable: settings.onUnavailable ?? this.#options.onUnavailable ?? 'reject',
    });
    this.#warnOfWeakness(own);
    const provider = settings.from ? migratingProvider(own, this.#accepted(settings.from, own)) : own;
    return { provider, description: describe(provider, this.#place(settings), lifetime) };
  }

  #settingsOf(registration: SessionClass | SessionOverrides): Settings {
    const overrides: SessionOverrides = typeof registration === 'function' ? { type: registration } : registration;
    const type = overrides?.type as SessionClass | undefined;
    if (typeof type !== 'function') {
      throw new SessionConfigurationError(
        'sessions: each entry is a session class, { type: SessionClass, … } or a SessionProvider, and one of them is ' +
          'none of these. A circular import makes a class undefined.',
      );
    }
    const definition = definitionOf(type);
    const settings = {
      ...definition?.options,
      ...withoutUndefined(overrides),
      ...joinedCookie(definition?.options.cookie, overrides.cookie),
      name: overrides.name ?? definition?.name,
    };
    if (settings.name === undefined) {
      throw new SessionConfigurationError(
        `${type.name} is no session. Mark it with @Session('name'), or give it a name.`,
      );
    }
    const tracker = settings.storage ? 'by-id' : 'by-value';
    const resolved = { tracker, transport: 'cookie', ...withoutUndefined(settings) } as Settings;
    this.#check(resolved);
    return resolved;
  }

  #check(settings: Settings): void {
    const place = `Session "${settings.name}"`;
    refuseUnknownOptions(place, settings, SESSION_OPTIONS);
    refuseOtherTypes(place, settings, SESSION_OPTION_TYPES);
    refuseOtherThan(place, 'tracker', settings.tracker, ['by-value', 'by-id']);
    refuseOtherThan(place, 'transport', settings.transport, ['cookie', 'header']);
    refuseOtherThan(place, 'onUnavailable', settings.onUnavailable, ['reject', 'anonymous']);
    if (typeof settings.onClash !== 'function') {
      refuseOtherThan(place, 'onClash', settings.onClash, ['mine', 'theirs', 'reject']);
    }
    if (settings.tracker === 'by-value') {
      for (const option of ['storage', 'identity', 'onClash', 'maxPerOwner'] as const) {
        if (settings[option] === undefined) continue;
        throw new SessionConfigurationError(`${place}: ${option} is for sessions by id. Add tracker: 'by-id'.`);
      }
    }
    if (settings.keys !== undefined && (settings.tracker === 'by-id' || settings.transformers)) {
      throw new SessionConfigurationError(
        `${place}: keys are for the seal, which sessions by id and those with transformers do not have. Remove keys.`,
      );
    }
    if (settings.transport === 'header' && settings.cookie) {
      throw new SessionConfigurationError(
        `${place}: a header session has no cookie. Remove cookie or transport: 'header'.`,
      );
    }
    if (settings.transport !== 'header' && settings.exposed !== undefined) {
      throw new SessionConfigurationError(`${place}: exposed is for header sessions. A cookie must never be exposed.`);
    }
    try {
      new settings.type();
    } catch (cause) {
      throw new SessionConfigurationError(
        `${settings.type.name} cannot be constructed without arguments, which a fresh session needs. Give every ` +
          'constructor parameter a default.',
        { cause },
      );
    }
  }

  #transport(settings: Settings): SessionTransport {
    const transformers = this.#transformers(settings);
    if (settings.transport === 'header') {
      return new SessionTransportHeader(settings.name, transformers, { exposed: settings.exposed ?? false });
    }
    const lifetime = this.#lifetime(settings);
    const longest = (lifetime.idle || lifetime.absolute) / 1000;
    const said = { ...withoutUndefined(this.#options.cookie ?? {}), ...withoutUndefined(settings.cookie ?? {}) };
    this.#warnOfLongCookie(settings.name, said.maxAgeInSeconds === undefined ? longest : said.maxAgeInSeconds);
    const maxAgeInSeconds = longest > 0 ? Math.ceil(longest) : Number.MAX_SAFE_INTEGER;
    return new SessionTransportCookie(settings.name, { maxAgeInSeconds, ...said }, transformers);
  }

  #transformers(settings: Settings): readonly SessionTransportTransformer[] {
    if (settings.transformers) return settings.transformers;
    if (settings.tracker === 'by-id') return [];
    const binding = { name: settings.name, transport: settings.transport ?? 'cookie' };
    return [new SessionTransportTransformerSeal(this.#keyRing(settings), binding)];
  }

  #keyRing(settings: Settings): KeyRing {
    if (settings.keys !== undefined) return toKeyRing(settings.keys);
    this.#keys ??= this.#moduleKeyRing();
    return this.#keys;
  }

  #moduleKeyRing(): KeyRing {
    const { keys } = this.#options;
    // `keys: [process.env.SESSION_KEY]` of a variable that is not set: no keys, as without the list.
    const unset = keys === undefined || (Array.isArray(keys) && keys.every((key) => key === undefined));
    if (!unset) return toKeyRing(keys);
    if (this.#production) throw noKeysError();
    this.#warnings.add(
      'No keys are configured: sessions are protected with random ones and end with this process. For keys that ' +
        'stay, pass SessionsModule.forRoot({ keys: [process.env.SESSION_KEY] }) and make one with ' +
        `node -e "console.log(require('node:crypto').randomBytes(32).toString('base64url'))"`,
    );
    return KeyRing.development();
  }

  #serializer<S extends object>(type: SessionClass<S>): SessionSerializer<S> {
    return this.#options.serializer?.(type) ?? new SessionSerializerReflection(type);
  }

  #lifetime(settings: Settings): SessionLifetime {
    return new SessionLifetime({
      ...pick(this.#options, 'idleTimeoutInSeconds', 'absoluteTimeoutInSeconds', 'renewAfterInSeconds'),
      ...pick(settings, 'idleTimeoutInSeconds', 'absoluteTimeoutInSeconds', 'renewAfterInSeconds'),
    });
  }

  #trackById(settings: Settings, serializer: SessionSerializer, lifetime: SessionLifetime): SessionTracker {
    const { name, type } = settings;
    return new SessionTrackerById(type, serializer, this.#storage(settings), {
      name,
      lifetime,
      merge: new SessionMerge(name, serializer, settings.onClash ?? 'mine', countersOf(type)),
      ownerOf: readOwner(type),
      ...(settings.identity ? { sessionIdProvider: settings.identity } : {}),
      ...maxPerOwnerOf(settings),
      ...(this.#options.now ? { now: this.#options.now } : {}),
    });
  }

  #trackByValue(settings: Settings, serializer: SessionSerializer, lifetime: SessionLifetime): SessionTracker {
    return new SessionTrackerByValue(settings.type, serializer, {
      lifetime,
      ownerOf: readOwner(settings.type),
      // The seal binds the name by itself; whatever else protects the value may not.
      ...(settings.transformers ? { name: settings.name } : {}),
      ...(this.#options.now ? { now: this.#options.now } : {}),
    });
  }

  #storage(settings: Settings): ConditionalSessionStorage {
    const storage = this.#storageOf(settings);
    const present = this.#storages.get(storage);
    if (present) return present;
    if (!isStorage(storage)) {
      throw new SessionConfigurationError(
        `Session "${settings.name}": storage has no read, write and invalidate. Pass a SessionStorage, such as ` +
          'new SessionStorageMemory().',
      );
    }
    if (!isConditional(storage)) {
      this.#warnings.add(
        `${storage.constructor.name} has no conditional write (replace): parallel changes of one session are safe ` +
          'within this process only.',
      );
    }
    const resilient = this.#resilient(storage);
    const conditional = isConditional(resilient) ? resilient : new SessionStorageGuarded(resilient);
    this.#storages.set(storage, conditional);
    return conditional;
  }

  #resilient(storage: SessionStorage): SessionStorageResilient {
    const timeoutInMilliseconds = this.#options.storageTimeoutInMilliseconds;
    return new SessionStorageResilient(storage, timeoutInMilliseconds === undefined ? {} : { timeoutInMilliseconds });
  }

  #place(settings: Settings): string {
    if (settings.tracker === 'by-value') return 'by value';
    return `by id in ${this.#storageOf(settings).constructor.name}`;
  }

  #storageOf(settings: Settings): SessionStorage {
    const reference = settings.storage ?? this.#options.storage ?? this.#memoryStorage();
    return isToken(reference) ? this.#provided(settings, reference) : reference;
  }

  #provided(settings: Settings, token: SessionStorageToken): SessionStorage {
    let storage: unknown;
    try {
      storage = this.#resolve(token);
    } catch {
      storage = undefined;
    }
    if (storage !== undefined) return storage as SessionStorage;
    // A text is not shown: it may be a URL with a password, taken for a storage.
    const what = typeof token === 'function' ? `class ${token.name}` : `a ${typeof token}`;
    throw new SessionConfigurationError(
      `Session "${settings.name}": storage is ${what}, and no module of the application provides it. Add it to the ` +
        'providers of a module, or pass a SessionStorage, such as new SessionStorageMemory().',
    );
  }

  #memoryStorage(): SessionStorage {
    if (!this.#memory) {
      this.#memory = new SessionStorageMemory(this.#options.now ? { now: this.#options.now } : {});
      if (this.#production) {
        this.#warnings.add(
          'Sessions by id are kept in the memory of this process: they end with it and are not seen by others. Pass ' +
            'SessionsModule.forRoot({ storage }).',
        );
      }
    }
    return this.#memory;
  }

  #accepted(from: SessionProvider, own: SessionProvider): SessionProvider {
    if (!isProvider(from) || from.type !== own.type) {
      throw new SessionConfigurationError(
        `Session "${own.name}": from is a SessionProvider for ${own.type.name}, such as ktor({ type: ${own.type.name}, … }).`,
      );
    }
    this.#noteByHand(from);
    return from;
  }

  #noteByHand(provider: SessionProvider): void {
    this.#warnOfWeakness(provider);
    if (!(provider.tracker instanceof SessionTrackerById)) return;
    const { storage } = provider.tracker;
    this.#storagesByHand.set(storage, this.#resilient(storage));
  }

  #warnOfLongCookie(name: string, maxAgeInSeconds: number | null): void {
    if (maxAgeInSeconds === null || maxAgeInSeconds <= LONGEST_COOKIE_MAX_AGE) return;
    this.#warnings.add(
      `Session "${name}": its cookie would live for ${Math.round(maxAgeInSeconds / 86_400)} days, and browsers keep none ` +
        'for more than 400 (RFC 6265bis, 5.5). It is sent with 400 days, and anew as the session is used.',
    );
  }

  #warnOfWeakness({ name, transport, tracker }: SessionProvider): void {
    if (tracker.kind === 'by-value' && transport.transformers.length === 0) {
      this.#warnings.add(
        `Session "${name}" travels in plain text (transformers: []): the client can read and change it.`,
      );
    }
    if (!this.#production) return;
    for (const { weakness } of transport.transformers) {
      if (weakness) this.#warnings.add(`Session "${name}": ${weakness}`);
    }
  }
}

function isProvider(registration: SessionRegistration): registration is SessionProvider {
  return registration instanceof SessionProvider;
}

function isToken(reference: SessionStorage | SessionStorageToken): reference is SessionStorageToken {
  return typeof reference === 'function' || typeof reference === 'string' || typeof reference === 'symbol';
}

function toKeyRing(keys: Exclude<SessionKeys, undefined>): KeyRing {
  return keys instanceof KeyRing ? keys : new KeyRing(keys);
}

function pick<T extends object, K extends keyof T>(source: T, ...keys: K[]): Partial<Pick<T, K>> {
  return Object.fromEntries(
    keys.filter((key) => source[key] !== undefined).map((key) => [key, source[key]]),
  ) as Partial<Pick<T, K>>;
}

/** A cookie's attributes said in two places: each of the latter wins over that of the former. */
function joinedCookie(former: SessionOverrides['cookie'], latter: SessionOverrides['cookie']): SessionOptions {
  return former && latter ? { cookie: { ...former, ...withoutUndefined(latter) } } : {};
}

function withoutUndefined<T extends object>(settings: T): T {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as T;
}

function describe(provider: SessionProvider, place: string, lifetime: SessionLifetime): string {
  const how = provider.transport.transformers.map((transformer) => transformer.constructor.name).join(', ') || 'as is';
  return (
    `${provider.name}: ${provider.type.name}, ${place}, ${provider.transport.kind} (${how}), ` +
    `idle ${duration(lifetime.idle)}, absolute ${duration(lifetime.absolute)}`
  );
}

function describeProvider(provider: SessionProvider): string {
  return `${provider.name}: ${provider.type.name}, ${provider.tracker.kind}, ${provider.transport.kind}, made by hand`;
}

function duration(milliseconds: number): string {
  if (milliseconds === 0) return 'unlimited';
  const seconds = milliseconds / 1000;
  if (seconds % 86_400 === 0) return `${seconds / 86_400} d`;
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
