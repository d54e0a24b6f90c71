// The parts of a session, for custom parts. Imports no NestJS.
export type { ActAsOptions, AuthenticatedOptions, ClearOptions, GetOptions } from '../session/request-sessions.js';
export { SessionProvider, type SessionPolicies, type SessionProviderOptions } from '../session/session-provider.js';
export {
  type CompleteSessionTracker,
  type LoadResult,
  type SessionToTrack,
  type SessionTracker,
  type StoreResult,
  type ByOldId,
  type Replay,
  type TrackedSession,
} from '../tracker/session-tracker.js';
export { type RequestFacts, type SessionEventFields, type SessionFacts } from '../session/session-event.js';
export { type EndReason } from '../tracker/session-records.js';
export { type RotationOptions } from '../tracker/rotation-grace.js';
export { SessionTrackerById, type SessionTrackerByIdOptions } from '../tracker/session-tracker-by-id.js';
export { SessionTrackerBase, type SessionTrackerOptions } from '../tracker/session-tracker-base.js';
export { SessionTrackerByValue, type SessionTrackerByValueOptions } from '../tracker/session-tracker-by-value.js';
export { SessionLifetime, type OwnLifetime, type SessionTimes } from '../tracker/session-lifetime.js';
export { SessionMerge, type ClashResolver, type MergedSession } from '../tracker/session-merge.js';
export { hashSessionId } from '../tracker/session-id-provider.js';
export { SessionTransportCookie } from '../transport/session-transport-cookie.js';
export { SessionTransportHeader } from '../transport/session-transport-header.js';
export {
  DEFAULT_COOKIE_CONFIGURATION,
  type CookieCall,
  type DefaultedCookieAttribute,
  type RequestCookieAttributes,
  type ResolvedCookieConfiguration,
} from '../transport/cookie-configuration.js';
export { type CookieEncoding } from '../transport/cookie-encoding.js';
export {
  transformRead,
  transformWrite,
  type KeyState,
  type TransformedRead,
} from '../transformer/session-transport-transformer.js';
export {
  SessionTransportTransformerSeal,
  type SealBinding,
  type SessionTransportTransformerSealOptions,
} from '../transformer/session-transport-transformer-seal.js';
export { type DerivedKey, type KeyReport } from '../keys/key-ring.js';
export { type KeyMoment, type KeySource, type KeySourceOptions, type ScheduledKey } from '../keys/key-schedule.js';
export {
  isFieldwise,
  type FieldwiseSessionSerializer,
  type SessionSnapshot,
} from '../serializer/session-serializer.js';
export {
  SessionSerializerReflection,
  type SessionSerializerReflectionOptions,
  type SessionVersions,
} from '../serializer/session-serializer-reflection.js';
export {
  SessionStorageGuarded,
  type ConditionalSessionStorage,
  type SessionStorageGuardedOptions,
} from '../storage/session-storage-guarded.js';
export {
  SessionStorageResilient,
  type SessionStorageResilientOptions,
  type StorageOutage,
} from '../storage/session-storage-resilient.js';
export { SessionStorageEncrypted } from '../storage/session-storage-encrypted.js';
export { SessionStorageMigrating } from '../storage/session-storage-migrating.js';
export type { StartTimer } from '../storage/deadline-queue.js';
export {
  NEVER,
  TOMBSTONE_IN_MILLISECONDS,
  type BatchReading,
  type ClosableStorage,
  type ConditionalStorage,
  type EvictingStorage,
  type DistributedStorage,
  type MonitoredStorage,
  type OwnedStorage,
  type SweptStorage,
  type TouchableStorage,
} from '../storage/session-storage.js';
export {
  wrappedStorage,
  type AroundCall,
  type Capability,
  type StorageOperation,
  type StorageOverrides,
} from '../storage/wrapped-storage.js';
export type { OpenedRecord } from '../tracker/session-records.js';
export type { Pause } from '../tracker/session-writer.js';
export type {
  FieldError,
  SessionCheck,
  StandardSchema,
  StandardSchemaResult,
} from '../serializer/session-validation.js';
export type { MigrateFields, StoredFields } from '../serializer/migrate.decorator.js';
export { type CookiePrefix } from '../transport/cookie-prefix.js';
export type { MaxPerOwnerFunction, MaxPerOwnerOf } from '../tracker/owner-limit.js';
export type { ActingStep } from '../tracker/session-acting.js';
export type { KeptActor, SessionActor, SessionDetails } from '../tracker/session-details.js';
export type { OnOwnerChange, OwnerChange, OwnerChangeListener } from '../session/owner-change.js';
export type { SessionInfo } from '../session/session-info.js';
export type { AcceptingSession, SessionSource, SessionVariant } from '../config/session-source.js';
