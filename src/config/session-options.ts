import type { KeyMaterial } from '../keys/key-material.js';
import type { KeyRing } from '../keys/key-ring.js';
import type { SessionMigration } from '../serializer/session-migration-step.js';
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
   * `by-value`: the content travels, sealed. `by-id`: an id travels, the content is in a storage; needed for parallel
   * changes, logout that cannot be undone by a copy, and lists of an owner's sessions. Default `by-value`.
   */
  readonly tracker?: 'by-value' | 'by-id';
  /** `cookie`, or `header`: a request and response header called like the session. Default `cookie`. */
  readonly transport?: 'cookie' | 'header';
  /** Attributes of the cookie, over those of the module. */
  readonly cookie?: CookieConfiguration;
  /** Header sessions: adds the name to `Access-Control-Expose-Headers`. Default `false`. */
  readonly exposed?: boolean;
  /** Published lifetimes, as defaults and as maxima: a session that would live longer does not start. */
  readonly lifetimes?: LifetimePreset;
  /**
   * The lifetime of one session, where it is not that of its class: for roles and tenants. Asked when the session begins
   * and whenever it gets another owner; `undefined`: as the class says. `sessions.lifetime` says more.
   */
  lifetime?(this: void, session: S): OwnLifetime | undefined;
  /**
   * Called when the session gets an owner, before the login counts: joins the visitor's session (`previous`) with that of
   * the user (`next`), or throws to refuse the login; see {@link OnOwnerChange}.
   */
  readonly onOwnerChange?: OnOwnerChange<S>;
  /** Whether `sessions.authenticated` starts the absolute timeout anew. Default `false`. */
  readonly reauthenticationResets?: boolean;
  /**
   * The version of the class, a whole number from 1; raise it with a step under {@link Migrate} whenever stored sessions
   * must change. Stored ones of an older version are brought up as they are read, those of a newer version are kept
   * whole. Sessions without a version count as version 1. Needs the default serializer. Default: none.
   */
  readonly version?: number;
  /**
   * What a session must satisfy when it is loaded: a Standard Schema (zod, valibot, arktype), or a function that returns
   * errors as `validateSync` of class-validator does. Another one is rejected as `invalid`. Synchronous.
   */
  readonly validate?: SessionSchema<S>;
  /** What to do with a field that two parallel requests changed. By id only. Default `mine`. */
  readonly onClash?: OnClash<S>;
  /**
   * How many sessions one owner may have: `5`, `{ limit: 5, beyond: 'refuse' }` (see {@link MaxPerOwner}), or a function
   * of the session that returns one of these, or `null` for no limit. When a session gets an owner who has as many
   * already, the oldest ones are ended, or the login is refused. By id only, with a `@SessionOwner()` and a storage that
   * has an owner index. Default: no limit.
   */
  readonly maxPerOwner?: number | MaxPerOwner | MaxPerOwnerOf<S>;
  /**
   * Seconds for which the old id still gives the session after a rotation that keeps the owner, so that requests that
   * were sent at the same time stay signed in. Never after a login. `0`: none. By id only. Default 10.
   */
  readonly graceInSeconds?: number;
  /** Seconds after which a session in use gets a new id. By id only. Default: only logins and the like give one. */
  readonly rotateEveryInSeconds?: number;
  /**
   * What happens when an id comes back after its grace period, besides the event `replayed`: it may have been stolen.
   * `revoke`: the session is ended. Old ids are recognized for a minute, with `revoke` for up to a day. By id only.
   * Default `ignore`.
   */
  readonly onReplay?: 'ignore' | 'revoke';
  /**
   * Seconds for which a mark in the storage tells why a session was ended: `ended`, `revoked` or `evicted`, as the reason
   * of the event `rejected`. Nothing else of the session is kept. By id only. Default `0`: its id is unknown then.
   */
  readonly explainInSeconds?: number;
}

/** Options of one session in `sessions`. They override those of its `@Session`. */
export interface SessionOverrides<S extends object = object> extends SessionOptions<S> {
  /** The session class. */
  readonly type: SessionClass<S>;
  /** Another name than that of the class's `@Session`; needed for a class without one. */
  readonly name?: string;
  /** Where a by-id session is stored. Implies `tracker: 'by-id'`. */
  readonly storage?: SessionStorageReference;
  /** Keys of this session alone. */
  readonly keys?: SessionKeys;
  /** Steps from older versions of the class, beside its `@Migrate()` methods. */
  readonly migrations?: readonly SessionMigration[];
  /** Turns it into text. Default {@link SessionSerializerReflection}. */
  readonly serializer?: SessionSerializer<S>;
  /**
   * Protects the string that travels. Default: the seal for by-value, none for by-id, whose ids cannot be guessed.
   * An empty list on a by-value session lets the client read and write it; the module warns.
   */
  readonly transformers?: readonly SessionTransportTransformer[];
  /** Makes the ids of a by-id session. Default 256 random bits. */
  readonly identity?: SessionIdProvider;
  /**
   * Whose sessions are accepted too: a source of `nestjs-sessions/migrate`, as `expressSession({ … })`; `ktor({ … })` of
   * `nestjs-sessions/ktor`; or a provider with the old keys or storage. Such a session loads as any, and the response
   * sends it as one of ours; nobody is logged out by the move.
   */
  readonly from?: SessionProvider<S> | SessionSource<S>;
}

/**
 * A storage, or the class or injection token of a provider of the application that is one: then it may use the
 * application's own Redis client or pool.
 */
export type SessionStorageReference = SessionStorage | SessionStorageToken;

/** By what a storage is found among the providers of the application. */
export type SessionStorageToken = string | symbol | (abstract new (...args: never[]) => SessionStorage);

/** Secret keys, newest first: the first protects, all of them read. See {@link KeyRing} for what a key must be. */
export type SessionKeys = KeyRing | KeyMaterial | undefined | ReadonlyArray<KeyMaterial | undefined>;

/** A session class, a class with overrides, or a provider made by hand. */
export type SessionRegistration = SessionClass | SessionOverrides | SessionProvider;

/** What holds for all sessions of an application, unless one says otherwise. */
export interface SharedOptions
  extends SessionLifetimeOptions, Pick<SessionPolicies, 'saveOnServerError' | 'onUnavailable' | 'onGone'> {
  /** Secret keys, newest first. Default: random ones for this process, outside production only. */
  readonly keys?: SessionKeys;
  /** Where by-id sessions are kept. Default: one bounded, expiring memory storage. */
  readonly storage?: SessionStorageReference;
  /** Cookie attributes of every session. */
  readonly cookie?: CookieConfiguration;
  /**
   * The sessions of the application. Default: every class marked by `@Session` that a handler or guard of the application
   * uses; one that only `sessionsOf(request)` and the like ask for is registered when they first do.
   */
  readonly sessions?: readonly SessionRegistration[];
  /** Published lifetimes for every session, as defaults and as maxima. */
  readonly lifetimes?: LifetimePreset;
  /** Makes the serializer of every session that has none of its own. Default {@link SessionSerializerReflection}. */
  readonly serializer?: <S extends object>(type: SessionClass<S>) => SessionSerializer<S>;
  /** Milliseconds after which a storage call counts as failed. Default 1000. */
  readonly storageTimeoutInMilliseconds?: number;
  /** Gets an event for everything that happens to a session. Never a value, id or key. */
  readonly onEvent?: SessionEventListener;
  /** What events tell besides what happened: the owner, facts of the request. Default: neither. */
  readonly eventFields?: SessionEventFields;
  /** The clock, in epoch milliseconds, for tests. Default `Date.now`. */
  readonly now?: () => number;
}
