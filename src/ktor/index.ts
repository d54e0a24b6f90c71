export { ktor, type KtorSession } from './ktor.js';
export type { KtorKeys } from './ktor-keys.js';

export type { KotlinClass, KotlinShape, ScalarShape } from './kotlin/kotlin-shape.js';
export {
  bigDecimal,
  bigInteger,
  boolean,
  byte,
  char,
  defaulted,
  double,
  enumOf,
  float,
  int,
  list,
  long,
  map,
  nested,
  nullable,
  optional,
  set,
  short,
  string,
  uuid,
  type KotlinType,
} from './kotlin/kotlin-type.js';
export {
  DataObject,
  kotlinFields,
  Sealed,
  SerialName,
  SimpleName,
  Transient,
  ValueClass,
  type DeclaredField,
} from './kotlin/kotlin-declaration.js';
export { Parameters } from './formats/parameters.js';

export {
  autoSerializerOf,
  KtorReflectionSessionSerializer,
  reflectionSessionSerializer,
  type KtorReflectionSessionSerializerOptions,
} from './formats/reflection-session-serializer.js';
export {
  KotlinxBackwardCompatibleSessionSerializer,
  type KotlinxBackwardCompatibleSessionSerializerOptions,
} from './formats/kotlinx-backward-compatible-session-serializer.js';
export { defaultSessionSerializer, KotlinxSessionSerializer } from './formats/kotlinx-session-serializer.js';
export { KotlinxJson, type BoundStringFormat, type StringFormat } from './formats/kotlinx-json.js';
export type { KotlinxJsonOptions } from './formats/kotlinx-json-options.js';

export { KtorCookieTransport, type KtorCookieTransportOptions } from './http/ktor-cookie-transport.js';
export type { KtorCookieConfiguration } from './http/ktor-cookie-configuration.js';
export { KtorHeaderTransport } from './http/ktor-header-transport.js';
export { generateKtorSessionId } from './http/ktor-session-id.js';
export { KtorSessionStorage, type KtorStringStorage } from './storage/ktor-session-storage.js';
export { KtorDirectoryStorage, type KtorDirectoryStorageOptions } from './storage/ktor-directory-storage.js';
export { directorySessionStorage } from './storage/directory-session-storage.js';
export type { KtorVersion } from './ktor-version.js';

export { SessionProvider, type SessionProviderOptions } from '../session/session-provider.js';
export type { SessionTracker } from '../tracker/session-tracker.js';
export { SessionTrackerById, type SessionTrackerByIdOptions } from '../tracker/session-tracker-by-id.js';
export { SessionTrackerByValue, type SessionTrackerByValueOptions } from '../tracker/session-tracker-by-value.js';
export type { SessionTransport } from '../transport/session-transport.js';
export { SessionTransportCookie } from '../transport/session-transport-cookie.js';
export { SessionTransportHeader } from '../transport/session-transport-header.js';
export type { SessionTransportTransformer } from '../transformer/session-transport-transformer.js';
export type { SessionSerializer } from '../serializer/session-serializer.js';
export { SessionSerializerReflection } from '../serializer/session-serializer-reflection.js';
export type { SessionStorage } from '../storage/session-storage.js';
export { SessionStorageMemory, type SessionStorageMemoryOptions } from '../memory/session-storage-memory.js';
export type { CookieConfiguration } from '../transport/cookie-configuration.js';
export type { CookieEncoding } from '../transport/cookie-encoding.js';
export { generateSessionId, type SessionIdProvider } from '../tracker/session-id-provider.js';

export {
  CookieIdSessionBuilder,
  CookieSessionBuilder,
  HeaderIdSessionBuilder,
  HeaderSessionBuilder,
  SessionBuilder,
  SessionsConfig,
  type Block,
  type MutableCookieConfiguration,
} from '../config/sessions-builder.js';
export { DEFAULT_SESSION_MAX_AGE } from '../transport/cookie-configuration.js';
export {
  SessionTransportTransformerDigest,
  type SessionTransportTransformerDigestOptions,
} from '../transformer/session-transport-transformer-digest.js';
export {
  SessionTransportTransformerEncrypt,
  type SessionTransportTransformerEncryptOptions,
} from '../transformer/session-transport-transformer-encrypt.js';
export {
  SessionTransportTransformerMessageAuthentication,
  type SessionTransportTransformerMessageAuthenticationOptions,
} from '../transformer/session-transport-transformer-message-authentication.js';
export { BaseCache, type Cache } from '../storage/cache.js';
export { TimeoutCache, type TimeoutCacheOptions } from '../storage/timeout-cache.js';
export { CacheStorage, type CacheStorageOptions } from '../storage/cache-storage.js';
export type { DigestAlgorithm, MacAlgorithm } from '../transformer/java-algorithms.js';
export type { EncryptAlgorithm } from '../transformer/cbc-cipher.js';
export type { StartTimer } from '../storage/deadline-queue.js';
