import { SessionConfigurationError } from '../errors/session.errors.js';
import { KeyRing } from '../keys/key-ring.js';
import { noKeysError } from '../keys/key-material.js';
import {
  classThatLosesPrivateFields,
  SessionSerializerReflection,
} from '../serializer/session-serializer-reflection.js';
import type { SessionSerializer } from '../serializer/session-serializer.js';
import { checkOf } from '../serializer/session-validation.js';
import { migratingProvider } from '../session/session-migration.js';
import { isTwinTracker, TWIN_SUFFIX } from '../session/session-twin.js';
import { locationKeyOf, SessionProvider } from '../session/session-provider.js';
import type { SessionStorage } from '../storage/session-storage.js';
import { generateSessionId } from '../tracker/session-id-provider.js';
import { SessionLifetime } from '../tracker/session-lifetime.js';
import { SessionMerge } from '../tracker/session-merge.js';
import { SessionTrackerById } from '../tracker/session-tracker-by-id.js';
import { SessionTrackerByValue } from '../tracker/session-tracker-by-value.js';
import type { CompleteSessionTracker } from '../tracker/session-tracker.js';
import { SessionTransportTransformerSeal } from '../transformer/session-transport-transformer-seal.js';
import type { SessionTransportTransformer } from '../transformer/session-transport-transformer.js';
import { MAX_COOKIE_AGE_IN_SECONDS } from '../transport/cookie-configuration.js';
import { SessionTransportCookie } from '../transport/session-transport-cookie.js';
import { SessionTransportHeader } from '../transport/session-transport-header.js';
import type { SessionTransport } from '../transport/session-transport.js';
import { isGiven, toKeyRing } from './concealed-keys.js';
import { describeProvider, describeSession } from './describe-session.js';
import { DevelopmentCache } from './development-cache.js';
import { DEVELOPMENT_WARNING } from './development-memory.js';
import { lifetimeOptionsOf } from './lifetime-preset.js';
import { maxPerOwnerOf } from './max-per-owner.js';
import { ownerReader } from './owner-reader.js';
import { explainOf, rotationOf } from './rotation-options.js';
import { countersOf, ownerOf } from './session-definition.js';
import type { SessionRegistration, SharedOptions, SessionStorageToken } from './session-options.js';
import { isSessionSource, type AcceptingSession, type SessionSource } from './session-source.js';
import { resolveOptions, withoutUndefined, type ResolvedOptions } from './resolved-options.js';
import { SessionStorages, type StorageStateListener } from './session-storages.js';

export interface BuiltSession {
  readonly provider: SessionProvider;
  readonly description: string;
  readonly declared?: {
    readonly resolved: ResolvedOptions;
    readonly lifetime: SessionLifetime;
    readonly serializer: SessionSerializer;
    readonly place: string;
  };
}

/** Precedence: overrides, `@Session`, module options, defaults. */
export class SessionProviderBuilder {
  readonly #options: SharedOptions;
  readonly #production = process.env['NODE_ENV'] === 'production';
  readonly #storages: SessionStorages;
  readonly #warnings = new Set<string>();
  #keys: KeyRing | undefined;

  /**
   * @param resolve resolves an injection token.
   * @param onEvicted gets the number of sessions that a full storage ended.
   */
  constructor(
    options: SharedOptions,
    resolve: (token: SessionStorageToken) => unknown = () => undefined,
    onStorageState?: StorageStateListener,
    onEvicted?: (count: number) => void,
  ) {
    this.#options = options;
    const warn = (sentence: string): unknown => this.#warnings.add(sentence);
    this.#storages = new SessionStorages(options, resolve, warn, onStorageState, onEvicted);
  }

  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  get keyRing(): KeyRing | undefined {
    return this.#keys;
  }

  get ownedStorages(): readonly SessionStorage[] {
    return this.#storages.owned;
  }

  release(): void {
    this.#storages.release();
  }

  get storages(): readonly SessionStorage[] {
    return this.#storages.all;
  }

  /** @throws {SessionConfigurationError} */
  build(registration: SessionRegistration): BuiltSession {
    if (isProvider(registration)) {
      this.#addCustomProvider(registration);
      return { provider: registration, description: describeProvider(registration) };
    }
    const resolved = resolveOptions(registration);
    const provider = resolved.from ? this.#migrating(resolved, resolved.from) : this.#own(resolved);
    const place = this.#place(resolved);
    const lifetime = this.#lifetime(resolved);
    const serializer = this.#serializerOf(resolved);
    const description = describeSession(provider, place, lifetime);
    return { provider, description, declared: { resolved, lifetime, serializer, place } };
  }

  #own(resolved: ResolvedOptions): SessionProvider {
    const serializer = this.#serializerOf(resolved);
    const lifetime = this.#lifetime(resolved);
    const tracker =
      resolved.tracker === 'by-id'
        ? this.#trackById(resolved, serializer, lifetime)
        : this.#trackByValue(resolved, serializer, lifetime);
    const own = new SessionProvider(resolved.name, resolved.type, this.#transport(resolved), tracker, {
      sendOnlyIfModified: resolved.sendOnlyIfModified ?? true,
      saveOnServerError: resolved.saveOnServerError ?? this.#options.saveOnServerError ?? false,
      onUnavailable: resolved.onUnavailable ?? this.#options.onUnavailable ?? 'reject',
      ownerField: ownerOf(resolved.type),
      onGone: resolved.onGone ?? this.#options.onGone ?? 'ignore',
      reauthenticationResets: resolved.reauthenticationResets ?? false,
      tellsReasons: !this.#production,
      ...(resolved.onOwnerChange === undefined ? {} : { onOwnerChange: resolved.onOwnerChange }),
      ...(resolved.lifetime === undefined ? {} : { lifetimeOf: resolved.lifetime }),
      ...(this.#options.now === undefined ? {} : { now: this.#options.now }),
      keepCacheControl: resolved.keepCacheControl ?? false,
    });
    this.#warnOfWeakness(own);
    return own;
  }

  #migrating(resolved: ResolvedOptions, from: SessionProvider | SessionSource): SessionProvider {
    if (!isSessionSource(from)) {
      const own = this.#own(resolved);
      return migratingProvider(own, this.#accepted(from, own));
    }
    const { alsoWrite } = from;
    const own = this.#own(alsoWrite === 'twin' ? markedAsTwins(resolved) : resolved);
    const old = this.#accepted(from.providerFor(this.#accepting(resolved)), own);
    if (alsoWrite === 'old-place') return renamed(migratingProvider(old, own), own);
    if (alsoWrite !== 'twin') return migratingProvider(own, old);
    if (resolved.transport === 'header') {
      throw new SessionConfigurationError(
        `Session "${resolved.name}": alsoWrite is for cookies, but this session uses a header. Remove alsoWrite.`,
      );
    }
    if (locationKeyOf(own) === locationKeyOf(old)) {
      throw new SessionConfigurationError(
        `Session "${resolved.name}": with alsoWrite, the old cookie needs another name than the new one. Give ` +
          '@Session another name.',
      );
    }
    if (!isTwinTracker(old.tracker)) {
      throw new SessionConfigurationError(`Session "${resolved.name}": this source cannot write. Remove alsoWrite.`);
    }
    return migratingProvider(own, old, { tracker: old.tracker, lifetime: this.#lifetime(resolved) });
  }

  #accepting(resolved: ResolvedOptions): AcceptingSession<object> {
    const { storageTimeoutInMilliseconds } = this.#options;
    return {
      name: resolved.name,
      type: resolved.type,
      serializer: this.#serializerOf(resolved),
      lifetime: this.#lifetime(resolved),
      ...(storageTimeoutInMilliseconds === undefined ? {} : { storageTimeoutInMilliseconds }),
      ownerOf: ownerReader(resolved.type),
      now: this.#options.now ?? Date.now,
      variant: ({ name = resolved.name, keys, cookie }) => {
        const { from: _from, ...present } = resolved;
        const scope = cookie ? { cookie: { ...present.cookie, ...cookie } } : {};
        return this.#own({ ...present, name, ...scope, ...(keys === undefined ? {} : { keys }) });
      },
    };
  }

  #transport(resolved: ResolvedOptions): SessionTransport {
    const transformers = this.#transformers(resolved);
    if (resolved.transport === 'header') {
      return new SessionTransportHeader(resolved.name, transformers, { exposed: resolved.exposed ?? false });
    }
    const lifetime = this.#lifetime(resolved);
    const longest = (lifetime.idle || lifetime.absolute) / 1000;
    const attributes = { ...withoutUndefined(this.#options.cookie ?? {}), ...withoutUndefined(resolved.cookie ?? {}) };
    this.#warnOfLongCookie(
      resolved.name,
      attributes.maxAgeInSeconds === undefined ? longest : attributes.maxAgeInSeconds,
    );
    const maxAgeInSeconds = longest > 0 ? Math.ceil(longest) : Number.MAX_SAFE_INTEGER;
    return new SessionTransportCookie(resolved.name, { maxAgeInSeconds, ...attributes }, transformers);
  }

  #transformers(resolved: ResolvedOptions): readonly SessionTransportTransformer[] {
    if (resolved.transformers) return resolved.transformers;
    if (resolved.tracker === 'by-id') return [];
    const binding = { name: resolved.name, transport: resolved.transport ?? 'cookie' };
    return [new SessionTransportTransformerSeal(this.#keyRing(resolved), binding)];
  }

  #keyRing(resolved: ResolvedOptions): KeyRing {
    if (resolved.keys !== undefined) return toKeyRing(resolved.keys);
    this.#keys ??= this.#moduleKeyRing();
    return this.#keys;
  }

  #moduleKeyRing(): KeyRing {
    const { keys } = this.#options;
    if (isGiven(keys)) return toKeyRing(keys);
    if (this.#production) throw noKeysError();
    const kept = DevelopmentCache.ofProcess()?.key();
    if (kept !== undefined) {
      this.#warnings.add(DEVELOPMENT_WARNING);
      return new KeyRing(kept);
    }
    this.#warnings.add(
      'No keys are configured: sessions are protected with random ones and end with this process. For ' +
        'permanent keys, pass SessionsModule.forRoot({ keys: [process.env.SESSION_KEY] }) and generate one with ' +
        `node -e "console.log(require('node:crypto').randomBytes(32).toString('base64url'))"`,
    );
    return KeyRing.development();
  }

  #serializerOf(resolved: ResolvedOptions): SessionSerializer {
    return resolved.serializer ?? this.#serializer(resolved);
  }

  #serializer({ name, type, version, migrations }: ResolvedOptions): SessionSerializer {
    const given = this.#options.serializer?.(type);
    if (given && version !== undefined) {
      throw new SessionConfigurationError(
        `Session "${name}": version needs the default serializer, but the module has the option serializer.`,
      );
    }
    if (given) return given;
    const losing = classThatLosesPrivateFields(type);
    if (losing) {
      this.#warnings.add(
        `Session "${name}": ${losing.name} has private fields (#name), which are not stored. Use TypeScript's private, or ` +
          'a getter and a setter under @Expose().',
      );
    }
    return new SessionSerializerReflection(type, {}, { version, migrations });
  }

  #lifetime(resolved: ResolvedOptions): SessionLifetime {
    return new SessionLifetime(lifetimeOptionsOf(resolved.name, this.#options, resolved));
  }

  #trackById(
    resolved: ResolvedOptions,
    serializer: SessionSerializer,
    lifetime: SessionLifetime,
  ): CompleteSessionTracker {
    const { name, type } = resolved;
    return new SessionTrackerById(type, serializer, this.#storages.of(resolved), {
      name,
      lifetime,
      merge: new SessionMerge(name, serializer, resolved.onClash ?? 'mine', countersOf(type)),
      ownerOf: ownerReader(type),
      ...(resolved.validate ? { check: checkOf(resolved.validate) } : {}),
      ...(resolved.identity ? { sessionIdProvider: resolved.identity } : {}),
      ...maxPerOwnerOf(resolved),
      ...rotationOf(resolved),
      ...explainOf(resolved),
      ...(this.#options.now ? { now: this.#options.now } : {}),
    });
  }

  #trackByValue(
    resolved: ResolvedOptions,
    serializer: SessionSerializer,
    lifetime: SessionLifetime,
  ): CompleteSessionTracker {
    return new SessionTrackerByValue(resolved.type, serializer, {
      lifetime,
      ownerOf: ownerReader(resolved.type),
      ...(resolved.validate ? { check: checkOf(resolved.validate) } : {}),
      // The seal binds the name itself; other transformers may not.
      ...(resolved.transformers ? { name: resolved.name } : {}),
      ...(this.#options.now ? { now: this.#options.now } : {}),
    });
  }

  #place(resolved: ResolvedOptions): string {
    if (resolved.tracker === 'by-value') return 'by value';
    return `by id in ${this.#storages.named(resolved).constructor.name}`;
  }

  #accepted(from: SessionProvider, own: SessionProvider): SessionProvider {
    if (!isProvider(from) || from.type !== own.type) {
      throw new SessionConfigurationError(
        `Session "${own.name}": from is a SessionProvider for ${own.type.name}, such as ktor({ type: ${own.type.name}, … }), ` +
          'or a source of nestjs-sessions/migrate, such as expressSession({ … }).',
      );
    }
    this.#addCustomProvider(from);
    return from;
  }

  #addCustomProvider(provider: SessionProvider): void {
    this.#warnOfWeakness(provider);
    this.#storages.addCustom(provider);
  }

  #warnOfLongCookie(name: string, maxAgeInSeconds: number | null): void {
    if (maxAgeInSeconds === null || maxAgeInSeconds <= MAX_COOKIE_AGE_IN_SECONDS) return;
    this.#warnings.add(
      `Session "${name}": its cookie would live for ${Math.round(maxAgeInSeconds / 86_400)} days, but browsers keep ` +
        'cookies for at most 400 (RFC 6265bis, 5.5). It is sent with 400 days, and again when the session is used.',
    );
  }

  #warnOfWeakness({ name, transport, tracker }: SessionProvider): void {
    if (tracker.kind === 'by-value' && transport.transformers.length === 0) {
      this.#warnings.add(
        `Session "${name}" is sent in plain text (transformers: []): the client can read and change it.`,
      );
    }
    if (!this.#production) return;
    for (const { weakness } of transport.transformers) {
      if (weakness) this.#warnings.add(`Session "${name}": ${weakness}`);
    }
  }
}

function markedAsTwins(resolved: ResolvedOptions): ResolvedOptions {
  if (resolved.tracker !== 'by-id') return resolved;
  const identity = resolved.identity ?? generateSessionId;
  return { ...resolved, identity: (call) => identity(call) + TWIN_SUFFIX };
}

function renamed(provider: SessionProvider, { name, type }: SessionProvider): SessionProvider {
  return new SessionProvider(name, type, provider.transport, provider.tracker, provider);
}

function isProvider(registration: SessionRegistration): registration is SessionProvider {
  return registration instanceof SessionProvider;
}
