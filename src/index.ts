// NestJS integration.
export { SessionsModule } from './module/sessions.module.js';
export type {
  SessionsModuleExtras,
  SessionsModuleOptions,
  SessionsOptionsFactory,
} from './module/sessions.module-definition.js';
export { SESSIONS_MODULE_OPTIONS } from './module/sessions.module-definition.js';
export { CurrentSession, type CurrentSessionOptions } from './module/decorators/current-session.decorator.js';
export { Sessions } from './module/decorators/sessions.decorator.js';
export { SessionId } from './module/decorators/session-id.decorator.js';
export { SessionInfo } from './module/decorators/session-info.decorator.js';
export type { AllowedOrigins } from './module/request/socket-origin.js';
export { RequireFresh, RequireSession } from './module/decorators/require-session.decorator.js';
export { RequireSessionGuard } from './module/decorators/require-session.guard.js';
export type {
  FreshnessOptions,
  RequireSessionEverywhereOptions,
  RequireSessionOptions,
  SessionChallengeCause,
  SessionValidation,
} from './module/handlers/session-requirement.js';
export { Principal } from './module/decorators/principal.decorator.js';
export { Public } from './module/decorators/public.decorator.js';
export { sessionSecuritySchemes, type SessionSecurityScheme } from './module/security-scheme.js';
export { SessionsInterceptor } from './module/commit/sessions.interceptor.js';
export { SessionsService, type OwnedSession, type RevokeOptions } from './module/sessions.service.js';
export { sessionsOf } from './module/request/sessions-of-request.js';

// Declaring sessions.
export { Session } from './config/session.decorator.js';
export { SessionOwner } from './config/session-owner.decorator.js';

export type { LifetimePreset } from './config/lifetime-preset.js';
export { Counter } from './config/counter.decorator.js';
export type {
  SessionKeys,
  SessionOptions,
  SessionOverrides,
  SessionRegistration,
  SharedOptions,
  SessionStorageReference,
  SessionStorageToken,
} from './config/session-options.js';

// The sessions of a request.
export type { RequestSessions, SessionInit } from './session/request-sessions.js';

export { SESSION_EVENTS_CHANNEL, type SessionEvent, type SessionEventListener } from './session/session-event.js';

// Trackers.
export type { RejectionReason } from './tracker/session-tracker.js';

export type { SessionOwnerId } from './tracker/session-owner.js';
export type { MaxPerOwner } from './tracker/owner-limit.js';

export { type SessionLifetimeOptions } from './tracker/session-lifetime.js';
export { type OnClash } from './tracker/session-merge.js';
export { generateSessionId, type SessionIdProvider } from './tracker/session-id-provider.js';
export type { SessionClass } from './tracker/session-class.js';

// Transports.
export type { SessionCall } from './call/session-call.js';
export type { SessionTransport } from './transport/session-transport.js';

export { SameSite, type CookieConfiguration } from './transport/cookie-configuration.js';

// Transformers and keys.
export type { Awaitable } from './transformer/awaitable.js';
export { type SessionTransportTransformer } from './transformer/session-transport-transformer.js';

export { KeyRing } from './keys/key-ring.js';
export type { KeyMaterial } from './keys/key-material.js';

// Serializers.
export { Migrate, type SessionMigration } from './serializer/migrate.decorator.js';
export type { SessionSchema } from './serializer/session-validation.js';
export { WasCalled } from './serializer/was-called.decorator.js';

export { type SessionSerializer } from './serializer/session-serializer.js';

// Storages.
export {
  type OwnerIndex,
  type ReplaceResult,
  type SessionStorage,
  type SessionToStore,
  type StoredSession,
} from './storage/session-storage.js';
export { SessionStorageMemory, type SessionStorageMemoryOptions } from './memory/session-storage-memory.js';

export { cachedSessionStorage, type CachedSessionStorageOptions } from './storage/cache-storage.js';
export { encryptedSessionStorage } from './storage/session-storage-encrypted.js';
export { migratingSessionStorage } from './storage/session-storage-migrating.js';

// Errors.
export {
  SessionConfigurationError,
  SessionConflictError,
  SessionError,
  SessionLimitError,
  SessionNoRequestError,
  SessionNotRegisteredError,
  SessionStorageUnavailableError,
  SessionTooLargeError,
  SessionTooLateError,
  SessionUnserializableError,
  SessionWithoutIdError,
  SessionWrongValueError,
  type AnySessionError,
  type SessionErrorCode,
} from './errors/session.errors.js';
