// The NestJS face.
export { SessionsModule } from './module/sessions.module.js';
export type {
  SessionsModuleExtras,
  SessionsModuleOptions,
  SessionsOptionsFactory,
} from './module/sessions.module-definition.js';
export { SESSIONS_MODULE_OPTIONS } from './module/sessions.module-definition.js';
export { CurrentSession, type CurrentSessionOptions } from './module/current-session.decorator.js';
export { Sessions } from './module/sessions.decorator.js';
export { SessionId } from './module/session-id.decorator.js';
export { RequireSession } from './module/require-session.decorator.js';
export { RequireSessionGuard } from './module/require-session.guard.js';
export type { RequireSessionOptions, SessionChallengeCause } from './module/session-requirement.js';
export { Principal } from './module/principal.decorator.js';
export { Public } from './module/public.decorator.js';
export { sessionSecuritySchemes, type SessionSecurityScheme } from './module/security-scheme.js';
export { SessionsInterceptor } from './module/sessions.interceptor.js';
export { SessionsService, type OwnedSession } from './module/sessions.service.js';
export { sessionsOf } from './module/sessions-of.js';

// Declaring sessions.
export { Session } from './config/session.decorator.js';
export { SessionOwner } from './config/session-owner.decorator.js';
export {
  CookieIdSessionBuilder,
  CookieSessionBuilder,
  HeaderIdSessionBuilder,
  HeaderSessionBuilder,
  SessionsConfig,
  type MutableCookieConfiguration,
} from './config/sessions-builder.js';
export { Counter } from './config/counter.decorator.js';
export type {
  SessionKeys,
  SessionOptions,
  SessionOverrides,
  SessionRegistration,
  SessionsOptions,
  SessionStorageReference,
  SessionStorageToken,
} from './config/session-options.js';

// The sessions of a request.
export type { RequestSessions } from './session/request-sessions.js';
export { SessionProvider, type SessionPolicies } from './session/session-provider.js';
export { SESSION_EVENTS_CHANNEL, type SessionEvent, type SessionEventListener } from './session/session-event.js';

// Trackers.
export type {
  LoadResult,
  RejectionReason,
  SessionToTrack,
  SessionTracker,
  StoreResult,
  TrackedSession,
} from './tracker/session-tracker.js';
export { SessionTrackerById, type SessionTrackerByIdOptions } from './tracker/session-tracker-by-id.js';
export type { MaxPerOwner } from './tracker/owner-limit.js';
export { SessionTrackerByValue, type SessionTrackerByValueOptions } from './tracker/session-tracker-by-value.js';
export { SessionLifetime, type SessionLifetimeOptions, type SessionTimes } from './tracker/session-lifetime.js';
export { SessionMerge, type MergedSession, type OnClash } from './tracker/session-merge.js';
export {
  generateSessionId,
  hashSessionId,
  type SessionIdCall,
  type SessionIdProvider,
} from './tracker/session-id-provider.js';
export type { SessionClass } from './tracker/session-class.js';

// Transports.
export type { SessionCall, SessionTransport } from './transport/session-transport.js';
export { SessionTransportCookie } from './transport/session-transport-cookie.js';
export { SessionTransportHeader } from './transport/session-transport-header.js';
export {
  DEFAULT_COOKIE_CONFIGURATION,
  DEFAULT_SESSION_MAX_AGE,
  type CookieConfiguration,
} from './transport/cookie-configuration.js';
export type { CookieEncoding } from './transport/cookie-encoding.js';
export { SameSite } from './transport/same-site.js';

// Transformers and keys.
export type { Awaitable } from './transformer/awaitable.js';
export {
  transformRead,
  transformWrite,
  type KeyState,
  type SessionTransportTransformer,
  type TransformedRead,
} from './transformer/session-transport-transformer.js';
export {
  SessionTransportTransformerSeal,
  type SealBinding,
  type SessionTransportTransformerSealOptions,
} from './transformer/session-transport-transformer-seal.js';
export { SessionTransportTransformerDigest } from './transformer/session-transport-transformer-digest.js';
export { SessionTransportTransformerEncrypt } from './transformer/session-transport-transformer-encrypt.js';
export { SessionTransportTransformerMessageAuthentication } from './transformer/session-transport-transformer-message-authentication.js';
export { KeyRing, type DerivedKey } from './keys/key-ring.js';
export type { KeyMaterial } from './keys/key-material.js';

// Serializers.
export { Migrate } from './serializer/migrate.decorator.js';
export type { MigrateFields, SessionMigration, StoredFields } from './serializer/session-migration-step.js';
export type {
  FieldError,
  SessionValidation,
  StandardSchema,
  StandardSchemaResult,
} from './serializer/session-validation.js';
export { WasCalled } from './serializer/was-called.decorator.js';
export { autoSerializerOf, defaultSessionSerializer } from './serializer/default-session-serializer.js';
export {
  isFieldwise,
  type FieldwiseSessionSerializer,
  type SessionSerializer,
  type SessionSnapshot,
} from './serializer/session-serializer.js';
export {
  SessionSerializerReflection,
  type SessionSerializerReflectionOptions,
  type SessionVersions,
} from './serializer/session-serializer-reflection.js';

// Storages.
export {
  NEVER,
  type OwnerIndex,
  type ReplaceResult,
  type SessionStorage,
  type SessionToStore,
  type StoredSession,
} from './storage/session-storage.js';
export { SessionStorageMemory, type SessionStorageMemoryOptions } from './memory/session-storage-memory.js';
export {
  SessionStorageGuarded,
  type ConditionalSessionStorage,
  type SessionStorageGuardedOptions,
} from './storage/session-storage-guarded.js';
export { SessionStorageResilient, type SessionStorageResilientOptions } from './storage/session-storage-resilient.js';

export {
  directorySessionStorage,
  SessionStorageDirectory,
  type DirectorySessionStorageOptions,
  type SessionStorageDirectoryOptions,
} from './directory/session-storage-directory.js';
export { BaseCache, type Cache } from './storage/cache.js';
export { TimeoutCache, type TimeoutCacheOptions } from './storage/timeout-cache.js';
export {
  cachedSessionStorage,
  CacheStorage,
  type CachedSessionStorageOptions,
  type CacheStorageOptions,
} from './storage/cache-storage.js';
export { encryptedSessionStorage, SessionStorageEncrypted } from './storage/session-storage-encrypted.js';
export { migratingSessionStorage, SessionStorageMigrating } from './storage/session-storage-migrating.js';

// Errors.
export {
  SessionConfigurationError,
  SessionConflictError,
  SessionError,
  SessionLimitError,
  SessionStorageUnavailableError,
  SessionTooLargeError,
  SessionTooLateError,
  SessionUnserializableError,
  type SessionErrorCode,
} from './errors/session.errors.js';
