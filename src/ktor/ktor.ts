import { assertDefined, assertOptions, BOOLEAN, FUNCTION, TEXT, type OptionRules } from '../config/option-rules.js';
import { SESSION_OPTION_RULES } from '../config/session-option-rules.js';
import { readOwner } from '../config/read-owner.js';
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
import { generateKtorSessionId, sessionIdLengthOf } from './http/ktor-session-id.js';
import { KtorSessionStorage } from './storage/ktor-session-storage.js';
import { checkKtorVersion, isBefore, type KtorVersion } from './ktor-version.js';
import { KtorReflectionSessionSerializer } from './formats/reflection-session-serializer.js';

/** A session of a Ktor server, as its `install(Sessions) { … }` says it. */
export interface KtorSession<S extends object> extends SessionPolicies {
  /** The session class, with its Kotlin types. */
  readonly type: SessionClass<S>;
  /** The name of the cookie or header. Default: that of the class's `@Session`. */
  readonly name?: string;
  readonly version: KtorVersion;
  /** `cookie<S>(…)` or `header<S>(…)`. Default `cookie`. */
  readonly transport?: 'cookie' | 'header';
  /** Header sessions: adds the name to `Access-Control-Expose-Headers`. Default `false`. */
  readonly exposed?: boolean;
  /** The attributes of the cookie, with Ktor's defaults. */
  readonly cookie?: KtorCookieConfiguration;
  /** By id: the server's storage. Absent: by value. A directory is `new KtorDirectoryStorage({ directory })`. */
  readonly storage?: SessionStorage;
  /**
   * `reflection`: the default of 1.x and 2.x; `json`: that of 3.x; `kotlinx`: the text format of
   * `KotlinxBackwardCompatibleSessionSerializer`; or a serializer of yours. Default: that of the version.
   */
  readonly serializer?: 'reflection' | 'json' | 'kotlinx' | SessionSerializer<S>;
  /** The server's keys: they give the transformers. */
  readonly keys?: KtorKeys;
  /** The transformers themselves, in order, in place of {@link keys}. Default: none, as Ktor's. */
  readonly transformers?: readonly SessionTransportTransformer[];
  /** Makes the ids. Default: as many random hex digits as the version's have. */
  readonly identity?: SessionIdProvider;
  /** What to do with a field that two parallel requests changed. Default `mine`. */
  readonly onClash?: OnClash<S>;
}

/**
 * One session that this application shares with a Ktor server of some version: the same name, attributes, text, keys
 * and storage, read and written by both.
 *
 * ```ts
 * SessionsModule.forRoot({ sessions: [ktor({ type: UserSession, version: '3.5', keys: { sign, encrypt } })] })
 * ```
 *
 * As `from` of a session it is a one-way street instead: Ktor's sessions are accepted, and ours are written.
 *
 * Sent whenever the application sets it, also on a server error, as Ktor does; and besides whenever it was changed in
 * place. As versions `1.5` and `2.2` it is sent with every response to a request that asked for it, so that its Max-Age
 * slides. Ktor knows no lifetimes but the cookie's, so none are enforced here.
 *
 * @throws {SessionConfigurationError} for whatever cannot work.
 */
export function ktor<S extends object>(session: KtorSession<S>): SessionProvider<S> {
  assertOptions('ktor()', session, KTOR_OPTION_RULES);
  assertDefined('ktor()', session, KTOR_OPTION_RULES);
  checkKtorVersion(session.version);
  const name = session.name ?? definitionOf(session.type)?.name;
  if (name === undefined) {
    throw new SessionConfigurationError(`ktor(): give ${session.type.name} a name, that of the cookie or header.`);
  }
  if (session.keys && session.transformers) {
    throw new SessionConfigurationError(`ktor(): session "${name}" has keys and transformers. Keep one of them.`);
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

/** Of one session; `undefined` keys and transformers would let it travel readable. */
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
    throw new SessionConfigurationError(`ktor(): exposed is for header sessions. A cookie must never be exposed.`);
  }
  if (transport === 'cookie') return new KtorCookieTransport(name, cookie, transformers, { version });
  if (cookie) {
    throw new SessionConfigurationError(`ktor(): "${name}" is a header and has no cookie. Remove one of them.`);
  }
  return new KtorHeaderTransport(name, transformers, { exposed: exposed ?? false });
}

function trackerOf<S extends object>(name: string, session: KtorSession<S>): CompleteSessionTracker<S> {
  const { type, version, storage } = session;
  const serializer = serializerOf(session);
  const ownerOf = readOwner(type);
  const lifetime = new SessionLifetime({ idleTimeoutInSeconds: 0, absoluteTimeoutInSeconds: 0 });
  // Until 2.3.0 every response carried the session; `sendOnlyIfModified` came later and says that it should not.
  const isEveryResponse = isBefore(version, '2.3') && !session.sendOnlyIfModified;
  if (!storage) {
    const ByValue = isEveryResponse ? SessionTrackerByValueOfEveryResponse : SessionTrackerByValue;
    return new ByValue(type, serializer, { bare: true, lifetime, ownerOf });
  }
  const ById = isEveryResponse ? SessionTrackerByIdOfEveryResponse : SessionTrackerById;
  return new ById(type, serializer, conditional(name, storage), {
    name,
    lifetime,
    ownerOf,
    bare: true,
    followsRotation: storage instanceof KtorSessionStorage,
    storedId: (id) => id,
    merge: new SessionMerge(name, serializer, session.onClash ?? 'mine', countersOf(type)),
    sessionIdProvider: session.identity ?? (() => generateKtorSessionId(sessionIdLengthOf(version))),
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

// What guards a storage of three verbs writes more than the text, which Ktor could not read.
function conditional(name: string, storage: SessionStorage): ConditionalSessionStorage {
  const resilient = isConditional(storage) ? new SessionStorageResilient(storage) : undefined;
  if (resilient && isConditional(resilient)) return resilient;
  throw new SessionConfigurationError(
    `ktor(): the storage of "${name}" has no replace. Pass new KtorDirectoryStorage({ directory }), or ` +
      'new KtorSessionStorage(storage) around what reads and writes texts by id.',
  );
}
