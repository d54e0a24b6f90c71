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
   * `by-value`: the client holds the sealed content. `by-id`: the client holds an id, and a storage holds the content;
   * required for merging parallel changes, for revoking copies, and for listing an owner's sessions. Default
   * `by-value`, or `by-id` with a `storage`.
   */
  readonly tracker?: 'by-value' | 'by-id';
  /** `cookie`, or `header`: a request and response header with the name of the session. Default `cookie`. */
  readonly transport?: 'cookie' | 'header';
  /** Cookie attributes. Merged with the module's `cookie`. */
  readonly cookie?: CookieConfiguration;
  /** Adds the header to `Access-Control-Expose-Headers`. Header sessions only. Default `false`. */
  readonly exposed?: boolean;
  /** Published lifetimes, used as defaults and as maxima. Longer timeouts are rejected at start. */
  readonly lifetimes?: LifetimePreset;
  /**
   * Returns the lifetime of one session, for example by role or tenant. Called when the session starts and when its
   * owner changes. `undefined`: the lifetime of the class. See `sessions.lifetime`.
   */
  lifetime?(this: void, session: S): OwnLifetime | undefined;
  /**
   * Called before a login takes effect. Merges the visitor's session (`previous`) into the user's (`next`), or throws
   * to reject the login; see {@link OnOwnerChange}.
   */
  readonly onOwnerChange?: OnOwnerChange<S>;
  /** Whether `sessions.authenticated` restarts the absolute timeout. Default `false`. */
  readonly reauthenticationResets?: boolean;
  /**
   * Version of the class, an integer from 1. Increase it, with a {@link Migrate} step, when stored sessions must
   * change. Older sessions are migrated on load; newer ones are neither loaded nor cleared. A session without a version
   * is version 1. Requires the default serializer. Default: none.
   */
  readonly version?: number;
  /**
   * Validates a loaded session: a synchronous Standard Schema (zod, valibot, arktype), or a function that returns
   * errors, such as `validateSync` of class-validator. Invalid sessions are rejected.
   */
  readonly validate?: SessionSchema<S>;
  /** Resolves conflicts: fields that parallel requests changed. By id only. Default `mine`. */
  readonly onClash?: OnClash<S>;
  /**
   * Maximum sessions per owner: `5`, `{ limit: 5, beyond: 'refuse' }` (see {@link MaxPerOwner}), or a function that
   * returns one of these or `null`. A login beyond the limit ends the oldest sessions or is rejected. By id only;
   * requires `@SessionOwner()` and a storage with an owner index. Default: no limit.
   */
  readonly maxPerOwner?: number | MaxPerOwner | MaxPerOwnerOf<S>;
  /**
   * Seconds for which the old id remains valid after a rotation, for parallel requests; not after logins. `0`: no grace
   * period. By id only. Default 10.
   */
  readonly graceInSeconds?: number;
  /** Seconds after which a session in use gets a new id. By id only. Default: no rotation by time. */
  readonly rotateEveryInSeconds?: number;
  /**
   * Reaction to an id that is used after its grace period and may be stolen. `ignore`: only the event `replayed`.
   * `revoke`: the session also ends. Old ids are recognized for a minute, with `revoke` for up to a day. By id only.
   * Default `ignore`.
   */
  readonly onReplay?: 'ignore' | 'revoke';
  /**
   * Seconds for which the storage remembers why a session ended (`ended`, `revoked` or `evicted`), for the event
   * `rejected`. No content is kept. By id only. Default `0`: the id is unknown.
   */
  readonly explainInSeconds?: number;
}

/** Overrides the options of `@Session`. */
export interface SessionOverrides<S extends object = object> extends SessionOptions<S> {
  readonly type: SessionClass<S>;
  /** Overrides the name in `@Session`. Required for a class without `@Session`. */
  readonly name?: string;
  /** Storage of a by-id session. Implies `tracker: 'by-id'`. */
  readonly storage?: SessionStorageReference;
  /** Keys of this session. Default: the module's. */
  readonly keys?: SessionKeys;
  /** Migrations from older versions, in addition to the `@Migrate()` methods of the class. */
  readonly migrations?: readonly SessionMigration[];
  /** Default {@link SessionSerializerReflection}. */
  readonly serializer?: SessionSerializer<S>;
  /**
   * Protect the transported string. Default: the seal for by-value sessions, none for by-id sessions. With an empty
   * list, clients can read and change by-value sessions.
   */
  readonly transformers?: readonly SessionTransportTransformer[];
  /** Generates the ids of a by-id session. Default: 256 random bits. */
  readonly identity?: SessionIdProvider;
  /**
   * Also accepts sessions of another system, format, key or storage, so that a migration signs no user out: a source of
   * `nestjs-sessions/migrate` such as `expressSession({ … })`, `ktor({ … })` of `nestjs-sessions/ktor`, or another
   * provider. The response replaces accepted sessions.
   */
  readonly from?: SessionProvider<S> | SessionSource<S>;
}

/** A storage, or the injection token of one, which can share the application's Redis client or pool. */
export type SessionStorageReference = SessionStorage | SessionStorageToken;

/** Injection token of a storage. */
export type SessionStorageToken = string | symbol | (abstract new (...args: never[]) => SessionStorage);

/** Secret keys, newest first: the first one encrypts, all of them decrypt. See {@link KeyRing} for the format. */
export type SessionKeys = KeyRing | KeyMaterial | undefined | ReadonlyArray<KeyMaterial | undefined>;

/** A session class, a class with overrides, or a custom provider. */
export type SessionRegistration = SessionClass | SessionOverrides | SessionProvider;

/** Options of all sessions. Options of a session take precedence. */
export interface SharedOptions
  extends SessionLifetimeOptions, Pick<SessionPolicies, 'saveOnServerError' | 'onUnavailable' | 'onGone'> {
  /** Secret keys, newest first. Default: random keys, except in production. */
  readonly keys?: SessionKeys;
  /** Storage of by-id sessions. Default: a bounded memory storage. */
  readonly storage?: SessionStorageReference;
  /** Cookie attributes of all sessions. */
  readonly cookie?: CookieConfiguration;
  /**
   * Default: every class with `@Session` that a handler or guard uses. Other classes are registered on first use, for
   * example by `sessionsOf(request)`.
   */
  readonly sessions?: readonly SessionRegistration[];
  /** See {@link LifetimePreset}. */
  readonly lifetimes?: LifetimePreset;
  /** Creates the serializer of a session. Default {@link SessionSerializerReflection}. */
  readonly serializer?: <S extends object>(type: SessionClass<S>) => SessionSerializer<S>;
  /** Timeout of a storage call, in milliseconds. Default 1000. */
  readonly storageTimeoutInMilliseconds?: number;
  /** Receives every session event. */
  readonly onEvent?: SessionEventListener;
  /** Additional fields of events. Default: none. */
  readonly eventFields?: SessionEventFields;
  /** The clock, in epoch milliseconds, for tests. Default `Date.now`. */
  readonly now?: () => number;
}
