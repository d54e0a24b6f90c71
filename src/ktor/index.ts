// The preset.
export { ktor, type KtorSession } from './ktor.js';
export type { KtorKeys } from './ktor-keys.js';

// Kotlin types, over fields and classes.
export type { KotlinClass } from './kotlin-shape.js';
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
} from './kotlin-type.js';
export {
  DataObject,
  kotlinFields,
  Sealed,
  SerialName,
  SimpleName,
  Transient,
  ValueClass,
} from './kotlin-declaration.js';
export { Parameters } from './parameters.js';

// Formats.
export { autoSerializerOf } from './auto-serializer-of.js';
export {
  KtorReflectionSessionSerializer,
  reflectionSessionSerializer,
  type KtorReflectionSessionSerializerOptions,
} from './reflection-session-serializer.js';
export { KotlinxBackwardCompatibleSessionSerializer } from './kotlinx-backward-compatible-session-serializer.js';
export { defaultSessionSerializer, KotlinxSessionSerializer } from './kotlinx-session-serializer.js';
export { KotlinxJson, type BoundStringFormat, type StringFormat } from './kotlinx-json.js';
export type { KotlinxJsonOptions } from './kotlinx-json-options.js';

// Cookies, headers, ids and stores.
export { KtorCookieTransport, type KtorCookieTransportOptions } from './ktor-cookie-transport.js';
export type { KtorCookieConfiguration } from './ktor-cookie-configuration.js';
export { KtorHeaderTransport } from './ktor-header-transport.js';
export { generateKtorSessionId } from './ktor-session-id.js';
export { KtorSessionStorage, type KtorStringStorage } from './ktor-session-storage.js';
export { KtorDirectoryStorage, type KtorDirectoryStorageOptions } from './ktor-directory-storage.js';
export { SameSite } from './same-site.js';
export type { KtorVersion } from './ktor-version.js';
