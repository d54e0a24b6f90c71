import type { KeyMaterial } from '../keys/key-material.js';
import type { KeyRing } from '../keys/key-ring.js';
import type { SessionMigration } from '../serializer/migrate.decorator.js';
import type { SessionSerializer } from '../serializer/session-serializer.js';
import type { SessionSchema } from '../serializer/session-validation.js';
import type { SessionEventFields, SessionEventListener } from '../session/session-event.js';
import type { OnOwnerChange } from '../session/owner-change.js';
import type { SessionPolicies, SessionProvider } from '../session/session-provider.js';
import type { SessionStorage } from '../storage/session-storage.js';
import type { LifetimePreset } from './lifetime-preset.js';
import type { MaxPerOwner, MaxPerOwnerOf } from '../tracker/owner-limit.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionIdProvider } from '../tracker/session-id-provider.js';
import type { OwnLifetime, SessionLifetimeOptions } from '../tracker/session-lifetime.js';
import type { OnClash } from '../tracker/session-merge.js';
import type { CookieConfiguration } from '../transport/cookie-configuration.js';
import type { SessionTransportTransformer } from '../transformer/session-transport-transformer.js';
import type { SessionSource } from './session-source.js';

/** Options of `@Session(name, options)`. */
export interface SessionOptions<S extends object = object> extends SessionLifetimeOptions, SessionPolicies {
  /**
   * `by-value`: the client holds the sealed content. `by-id`: a storage holds it, so that sessions can be listed,
   * revoked and merged. Default `by-value`; with a `storage` `by-id`.
   */
  readonly tracker?: 'by-value' | 'by-id';
  /** `header`: a request and response header. Default `cookie`. */
  readonly transport?: 'cookie' | 'header';
  /** Merged with the module's. */
  readonly cookie?: CookieConfiguration;
  /** Adds it to `Access-Control-Expose-Headers`. Headers only. Default `false`. */
  readonly exposed?: boolean;
  /** Published lifetimes, as defaults and maxima. */
  readonly lifetimes?: LifetimePreset;
  /**
   * The lifetime of one session, for example by role. Called at its start and at a new owner. `undefined`: that of the
   * class.
   */
  lifetime?(this: void, session: S): OwnLifetime | undefined;
  /** See {@link OnOwnerChange}. */
  readonly onOwnerChange?: OnOwnerChange<S>;
  /** Whether `authenticated` restarts the absolute timeout. Default `false`. */
  readonly reauthenticationResets?: boolean;
  /**
   * Version of the class, from 1. Older sessions are migrated ({@link Migrate}) on load, newer ones are not loaded.
   * Default: none.
   */
  readonly version?: number;
  /** A synchronous Standard Schema, or a function that returns errors. */
  readonly validate?: SessionSchema<S>;
  /** Resolves conflicts of parallel requests. By id only. Default `mine`. */
  readonly onClash?: OnClash<S>;
  /**
   * Maximum sessions per owner: `5`, {@link MaxPerOwner}, or a function that returns one. By id only; needs
   * `@SessionOwner()` and an owner index. Default: no limit.
   */
  readonly maxPerOwner?: number | MaxPerOwner | MaxPerOwnerOf<S>;
  /** How long the old id is valid after a rotation that is no login. By id only. Default 10. */
  readonly graceInSeconds?: number;
  /** Age at which an id is rotated. By id only. Default: none. */
  readonly rotateEveryInSeconds?: number;
  /**
   * When an id is used after its grace period: `ignore` emits `replayed`, `revoke` also ends the session. By id only.
   * Default `ignore`.
   */
  readonly onReplay?: 'ignore' | 'revoke';
  /** How long the storage keeps why a session ended, for the event `rejected`. By id only. Default 0. */
  readonly explainInSeconds?: number;
}

/** Overrides the options of `@Session`. */
export interface SessionOverrides<S extends object = object> extends SessionOptions<S> {
  readonly type: SessionClass<S>;
  /** Required without `@Session`. */
  readonly name?: string;
  /** Implies `tracker: 'by-id'`. */
  readonly storage?: SessionStorageReference;
  /** Default: the module's. */
  readonly keys?: SessionKeys;
  /** In addition to `@Migrate()` methods. */
  readonly migrations?: readonly SessionMigration[];
  /** Default {@link SessionSerializerReflection}. */
  readonly serializer?: SessionSerializer<S>;
  /**
   * Protect the string. Default: by value the seal, by id none. `[]` lets clients read and change by-value sessions.
   */
  readonly transformers?: readonly SessionTransportTransformer[];
  /** Default: 256 random bits. */
  readonly identity?: SessionIdProvider;
  /**
   * Also accepts sessions of another system, format, key or storage: a source of `nestjs-sessions/migrate`, `ktor(…)`,
   * or a provider. The response replaces them.
   */
  readonly from?: SessionProvider<S> | SessionSource<S>;
}

/** A storage, or its injection token. */
export type SessionStorageReference = SessionStorage | SessionStorageToken;

export type SessionStorageToken = string | symbol | (abstract new (...args: never[]) => SessionStorage);

/** Newest first: the first one encrypts, all decrypt. Format: {@link KeyRing}. */
export type SessionKeys = KeyRing | KeyMaterial | undefined | ReadonlyArray<KeyMaterial | undefined>;

/** A session class, a class with overrides, or a custom provider. */
export type SessionRegistration = SessionClass | SessionOverrides | SessionProvider;

/** Options of all sessions. Options of a session take precedence. */
export interface SharedOptions
  extends SessionLifetimeOptions, Pick<SessionPolicies, 'saveOnServerError' | 'onUnavailable' | 'onGone'> {
  /** Default: random, except in production. */
  readonly keys?: SessionKeys;
  /** For by-id sessions. Default: bounded memory. */
  readonly storage?: SessionStorageReference;
  readonly cookie?: CookieConfiguration;
  /** Default: every `@Session` class that a handler or guard uses; others are registered on first use. */
  readonly sessions?: readonly SessionRegistration[];
  /** See {@link LifetimePreset}. */
  readonly lifetimes?: LifetimePreset;
  /** Default {@link SessionSerializerReflection}. */
  readonly serializer?: <S extends object>(type: SessionClass<S>) => SessionSerializer<S>;
  /** Timeout of a storage call. Default 1000. */
  readonly storageTimeoutInMilliseconds?: number;
  /** Called with every event. Default: none. */
  readonly onEvent?: SessionEventListener;
  /** Default: none. */
  readonly eventFields?: SessionEventFields;
  /** Epoch milliseconds, for tests. Default `Date.now`. */
  readonly now?: () => number;
}
