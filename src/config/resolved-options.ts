import { SessionConfigurationError } from '../errors/session.errors.js';
import { migrationsOf } from '../serializer/migrate.decorator.js';
import type { SessionClass } from '../tracker/session-class.js';
import { assertDefined, assertOptions, namesWhere } from './option-rules.js';
import { SESSION_OPTION_RULES } from './session-option-rules.js';
import { definitionOf } from './session-definition.js';
import type { SessionOptions, SessionOverrides } from './session-options.js';

const BY_ID_ONLY = namesWhere(SESSION_OPTION_RULES, ({ byIdOnly }) => byIdOnly === true);

export type ResolvedOptions = SessionOverrides & { readonly name: string };

/** @throws {SessionConfigurationError} if the options are invalid. */
export function resolveOptions(registration: SessionClass | SessionOverrides): ResolvedOptions {
  const overrides: SessionOverrides = typeof registration === 'function' ? { type: registration } : registration;
  const type = overrides?.type as SessionClass | undefined;
  if (typeof type !== 'function') {
    throw new SessionConfigurationError(
      'sessions: an entry is not a session class, { type: SessionClass, … } or a SessionProvider. A circular import ' +
        'makes a class undefined.',
    );
  }
  const definition = definitionOf(type);
  const place = `Session "${overrides.name ?? definition?.name ?? type.name}"`;
  assertDefined(place, { ...definition?.options }, SESSION_OPTION_RULES);
  assertDefined(place, overrides, SESSION_OPTION_RULES);
  const options = {
    ...definition?.options,
    ...withoutUndefined(overrides),
    ...joinedCookie(definition?.options.cookie, overrides.cookie),
    name: overrides.name ?? definition?.name,
  };
  if (options.name === undefined) {
    throw new SessionConfigurationError(
      `${type.name} is no session. Mark it with @Session('name'), or give it a name.`,
    );
  }
  const tracker = options.storage ? 'by-id' : 'by-value';
  const resolved = { tracker, transport: 'cookie', ...withoutUndefined(options) } as ResolvedOptions;
  check(resolved);
  return resolved;
}

function check(options: ResolvedOptions): void {
  const place = `Session "${options.name}"`;
  assertOptions(place, options, SESSION_OPTION_RULES);
  if (options.tracker === 'by-value') {
    for (const option of BY_ID_ONLY) {
      if (options[option] === undefined) continue;
      throw new SessionConfigurationError(`${place}: ${option} is for sessions by id. Add tracker: 'by-id'.`);
    }
  }
  if (options.serializer && (options.version ?? options.migrations) !== undefined) {
    throw new SessionConfigurationError(
      `${place}: version and migrations are for the default serializer. Remove serializer, or keep the version in it.`,
    );
  }
  if (options.version === undefined && (options.migrations ?? migrationsOf(options.type)).length > 0) {
    throw new SessionConfigurationError(
      `${place}: its migrations need the version that they lead to, as in @Session('${options.name}', { version: 2 }).`,
    );
  }
  if (options.keys !== undefined && (options.tracker === 'by-id' || options.transformers)) {
    throw new SessionConfigurationError(
      `${place}: keys are for the seal, which sessions by id and those with transformers do not have. Remove keys.`,
    );
  }
  if (options.transport === 'header' && options.cookie) {
    throw new SessionConfigurationError(
      `${place}: a header session has no cookie. Remove cookie or transport: 'header'.`,
    );
  }
  if (options.transport !== 'header' && options.exposed !== undefined) {
    throw new SessionConfigurationError(`${place}: exposed is for header sessions. A cookie must never be exposed.`);
  }
  try {
    new options.type();
  } catch (cause) {
    throw new SessionConfigurationError(
      `${options.type.name} cannot be constructed without arguments, which a fresh session needs. Give every ` +
        'constructor parameter a default.',
      { cause },
    );
  }
}

function joinedCookie(former: SessionOverrides['cookie'], latter: SessionOverrides['cookie']): SessionOptions {
  return former && latter ? { cookie: { ...former, ...withoutUndefined(latter) } } : {};
}

export function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
