import { assertDefined, assertOptions, BOOLEAN, FUNCTION, TEXT, type OptionRules } from '../config/option-rules.js';
import { SESSION_OPTION_RULES } from '../config/session-option-rules.js';
import { ownerReader } from '../config/owner-reader.js';
import { countersOf, definitionOf, ownerOf as ownerFieldOf } from '../config/session-definition.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionSerializer } from '../serializer/session-serializer.js';
import { SessionProvider, type SessionPolicies } from '../session/session-provider.js';
import { isConditional, type ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import { SessionStorageResilient } from '../storage/session-storage-resilient.js';
import type { SessionStorage } from '../storage/session-storage.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionIdProvider } from '../tracker/session-id-provider.js';
import { SessionLifetime } from '../tracker/session-lifetime.js';
import { SessionMerge, type OnClash } from '../tracker/session-merge.js';
import { SessionTrackerById } from '../tracker/session-tracker-by-id.js';
import { SessionTrackerByValue } from '../tracker/session-tracker-by-value.js';
import type { CompleteSessionTracker } from '../tracker/session-tracker.js';
import type { SessionTransport } from '../transport/session-transport.js';
import type { SessionTransportTransformer } from '../transformer/session-transport-transformer.js';
import {
  SessionTrackerByIdOfEveryResponse,
  SessionTrackerByValueOfEveryResponse,
} from './http/every-response-trackers.js';
import { KotlinxBackwardCompatibleSessionSerializer } from './formats/kotlinx-backward-compatible-session-serializer.js';
import { defaultSessionSerializer } from './formats/kotlinx-session-serializer.js';
import type { KtorCookieConfiguration } from './http/ktor-cookie-configuration.js';
import { KtorCookieTransport } from './http/ktor-cookie-transport.js';
import { KtorHeaderTransport } from './http/ktor-header-transport.js';
import { transformersOf, type KtorKeys } from './ktor-keys.js';
import { generateKtorSessionId } from './http/ktor-session-id.js';
import { KtorSessionStorage } from './storage/ktor-session-storage.js';
import { checkKtorVersion, isBefore, type KtorVersion } from './ktor-version.js';
import { KtorReflectionSessionSerializer } from './formats/reflection-session-serializer.js';

/** Ktor's `install(Sessions) { … }`. */
export interface KtorSession<S extends object> extends SessionPolicies {
  readonly type: SessionClass<S>;
  /** Default: that of `@Session`. */
  readonly name?: string;
  readonly version: KtorVersion;
  /** Default `cookie`. */
  readonly transport?: 'cookie' | 'header';
  readonly exposed?: boolean;
  readonly cookie?: KtorCookieConfiguration;
  /** Such as `new KtorDirectoryStorage({ directory })`. Default: none, by value. */
  readonly storage?: SessionStorage;
  /** Default: `reflection` before 3.0, then `json`. `kotlinx`: {@link KotlinxBackwardCompatibleSessionSerializer}. */
  readonly serializer?: 'reflection' | 'json' | 'kotlinx' | SessionSerializer<S>;
  readonly keys?: KtorKeys;
  /** In order, instead of {@link keys}. Default: none. */
  readonly transformers?: readonly SessionTransportTransformer[];
  /** Default: {@link generateKtorSessionId}. */
  readonly identity?: SessionIdProvider;
  /** Default `mine`. */
  readonly onClash?: OnClash<S>;
}

/**
 * A session shared with a Ktor server.
 *
 * ```ts
 * SessionsModule.forRoot({ sessions: [ktor({ type: UserSession, version: '3.5', keys: { sign, encrypt } })] })
 * ```
 *
 * As `from` of another session, it accepts Ktor's sessions. Also sent on a server error. No lifetime is enforced, because Ktor has only the cookie's.
 * @throws {SessionConfigurationError} for invalid options.
 */
export function ktor<S extends object>(session: KtorSession<S>): SessionProvider<S> {
  assertOptions('ktor()', session, KTOR_OPTION_RULES);
  assertDefined('ktor()', session, KTOR_OPTION_RULES);
  checkKtorVersion(session.version);
  const name = session.name ?? definitionOf(session.type)?.name;
  if (name === undefined) {
    throw new SessionConfigurationError(
      `ktor(): ${session.type.name} has no name. Set name to that of the cookie or header.`,
    );
  }
  if (session.keys && session.transformers) {
    throw new SessionConfigurationError(`ktor(): session "${name}" has keys and transformers. Remove one of them.`);
  }
  return new SessionProvider<S>(name, session.type, transportOf(name, session), trackerOf(name, session), {
    sendOnlyIfModified: session.sendOnlyIfModified ?? false,
    saveOnServerError: session.saveOnServerError ?? true,
    onUnavailable: session.onUnavailable ?? 'reject',
    ownerField: ownerFieldOf(session.type),
    keepIdOnSet: true,
    onGone: session.onGone ?? 'ignore',
    keepCacheControl: session.keepCacheControl ?? false,
  });
}

/** An `undefined` key would send the session unprotected. */
const KTOR_OPTION_RULES: OptionRules<KtorSession<object>> = {
  type: {},
  name: { type: TEXT },
  version: {},
  transport: SESSION_OPTION_RULES.transport,
  exposed: { type: BOOLEAN },
  cookie: SESSION_OPTION_RULES.cookie,
  storage: { neverUndefined: true },
  serializer: {},
  keys: { neverUndefined: true },
  transformers: SESSION_OPTION_RULES.transformers,
  identity: { type: FUNCTION },
  onClash: SESSION_OPTION_RULES.onClash,
  sendOnlyIfModified: { type: BOOLEAN },
  saveOnServerError: { type: BOOLEAN },
  onUnavailable: SESSION_OPTION_RULES.onUnavailable,
  onGone: SESSION_OPTION_RULES.onGone,
  keepCacheControl: { type: BOOLEAN },
};

function transportOf<S extends object>(name: string, session: KtorSession<S>): SessionTransport {
  const { keys, version, cookie, exposed, transport = 'cookie' } = session;
  const transformers = session.transformers ?? (keys ? transformersOf(keys, version) : []);
  if (transport === 'cookie' && exposed !== undefined) {
    throw new SessionConfigurationError('ktor(): exposed is for header sessions. A cookie must never be exposed.');
  }
  if (transport === 'cookie') return new KtorCookieTransport(name, cookie, transformers, { version });
  if (cookie) {
    throw new SessionConfigurationError(
      `ktor(): "${name}" is a header session with cookie options. Remove one of them.`,
    );
  }
  return new KtorHeaderTransport(name, transformers, { exposed: exposed ?? false });
}

function trackerOf<S extends object>(name: string, session: KtorSession<S>): CompleteSessionTracker<S> {
  const { type, version, storage } = session;
  const serializer = serializerOf(session);
  const ownerOf = ownerReader(type);
  const lifetime = new SessionLifetime({ idleTimeoutInSeconds: 0, absoluteTimeoutInSeconds: 0 });
  const isEveryResponse = isBefore(version, '2.3') && !session.sendOnlyIfModified;
  if (!storage) {
    const ByValue = isEveryResponse ? SessionTrackerByValueOfEveryResponse : SessionTrackerByValue;
    return new ByValue(type, serializer, { bare: true, lifetime, ownerOf });
  }
  const ById = isEveryResponse ? SessionTrackerByIdOfEveryResponse : SessionTrackerById;
  return new ById(type, serializer, conditionalStorage(name, storage), {
    name,
    lifetime,
    ownerOf,
    bare: true,
    followsRotation: storage instanceof KtorSessionStorage,
    storedId: (id) => id,
    merge: new SessionMerge(name, serializer, session.onClash ?? 'mine', countersOf(type)),
    sessionIdProvider: session.identity ?? (() => generateKtorSessionId(isBefore(version, '3.5') ? 32 : 64)),
  });
}

function serializerOf<S extends object>({ type, version, serializer }: KtorSession<S>): SessionSerializer<S> {
  switch (serializer ?? (isBefore(version, '3.4') ? 'reflection' : 'json')) {
    case 'reflection':
      return new KtorReflectionSessionSerializer(type, { equals: isBefore(version, '2.2') ? 'literal' : 'escaped' });
    case 'kotlinx':
      return new KotlinxBackwardCompatibleSessionSerializer(type);
    case 'json':
      return defaultSessionSerializer(type);
    default:
      return serializer as SessionSerializer<S>;
  }
}

// The guard's format is unreadable for Ktor.
function conditionalStorage(name: string, storage: SessionStorage): ConditionalSessionStorage {
  const resilient = isConditional(storage) ? new SessionStorageResilient(storage) : undefined;
  if (resilient && isConditional(resilient)) return resilient;
  throw new SessionConfigurationError(
    `ktor(): the storage of "${name}" does not implement replace. Use new KtorDirectoryStorage({ directory }), or ` +
      'new KtorSessionStorage(storage) with your own KtorStringStorage.',
  );
}
