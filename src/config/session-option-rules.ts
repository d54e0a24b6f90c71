import type { SessionEventFields } from '../session/session-event.js';
import { LIFETIME_PRESETS } from './lifetime-preset.js';
import {
  assertOptions,
  BOOLEAN,
  FUNCTION,
  isObject,
  LIST,
  NUMBER,
  objectAs,
  TEXT,
  type OptionRules,
  type OptionType,
} from './option-rules.js';
import type { SessionOverrides, SharedOptions } from './session-options.js';

const ATTRIBUTES = objectAs("{ sameSite: 'strict' }");
const SERIALIZER: OptionType = {
  words: 'an object with serialize and deserialize',
  fits: (value) => hasMethods(value, 'serialize', 'deserialize'),
};
const VALIDATION: OptionType = {
  words: 'a Standard Schema, or a function that returns errors',
  fits: (value) => typeof value === 'function' || (isObject(value) && '~standard' in value),
};
const TRANSFORMERS: OptionType = {
  words: 'a list of objects with transformRead and transformWrite',
  fits: (value) => Array.isArray(value) && value.every((one) => hasMethods(one, 'transformRead', 'transformWrite')),
};

const LIFETIME_RULES = {
  idleTimeoutInSeconds: {},
  absoluteTimeoutInSeconds: {},
  renewAfterInSeconds: {},
  maximumIdleTimeoutInSeconds: {},
  maximumAbsoluteTimeoutInSeconds: {},
  lifetimes: { oneOf: LIFETIME_PRESETS },
} as const;

const ON_UNAVAILABLE = { oneOf: ['reject', 'anonymous'] } as const;
const ON_GONE = { oneOf: ['ignore', 'reject'] } as const;

export const SESSION_OPTION_RULES: OptionRules<SessionOverrides> = {
  type: {},
  name: { type: TEXT },
  tracker: { oneOf: ['by-value', 'by-id'] },
  transport: { oneOf: ['cookie', 'header'] },
  cookie: { type: ATTRIBUTES },
  exposed: { type: BOOLEAN },
  ...LIFETIME_RULES,
  lifetime: { type: FUNCTION },
  onOwnerChange: { type: FUNCTION },
  reauthenticationResets: { type: BOOLEAN },
  version: { type: NUMBER },
  migrations: { type: LIST },
  validate: { type: VALIDATION, neverUndefined: true },
  onClash: { type: FUNCTION, oneOf: ['mine', 'theirs', 'reject'], byIdOnly: true },
  maxPerOwner: { neverUndefined: true, byIdOnly: true },
  graceInSeconds: { type: NUMBER, byIdOnly: true },
  rotateEveryInSeconds: { type: NUMBER, neverUndefined: true, byIdOnly: true },
  onReplay: { oneOf: ['ignore', 'revoke'], neverUndefined: true, byIdOnly: true },
  explainInSeconds: { type: NUMBER, byIdOnly: true },
  sendOnlyIfModified: { type: BOOLEAN },
  saveOnServerError: { type: BOOLEAN },
  onUnavailable: ON_UNAVAILABLE,
  onGone: ON_GONE,
  keepCacheControl: { type: BOOLEAN },
  storage: { neverUndefined: true, byIdOnly: true },
  keys: { neverUndefined: true },
  serializer: { type: SERIALIZER },
  transformers: { type: TRANSFORMERS, neverUndefined: true },
  identity: { type: FUNCTION, byIdOnly: true },
  from: {},
};

export const SESSIONS_OPTION_RULES: OptionRules<SharedOptions> = {
  keys: {},
  storage: {},
  cookie: { type: ATTRIBUTES },
  sessions: { type: LIST },
  serializer: { type: FUNCTION },
  ...LIFETIME_RULES,
  saveOnServerError: { type: BOOLEAN },
  onUnavailable: ON_UNAVAILABLE,
  onGone: ON_GONE,
  storageTimeoutInMilliseconds: { type: NUMBER },
  onEvent: { type: FUNCTION },
  eventFields: { type: objectAs('{ owner: true }') },
  now: { type: FUNCTION },
};

const EVENT_FIELD_RULES: OptionRules<SessionEventFields> = { owner: { type: BOOLEAN }, request: { type: FUNCTION } };

/**
 * @param rules {@link SESSIONS_OPTION_RULES} and the rules of further options.
 * @throws {SessionConfigurationError}
 */
export function assertSessionsOptions<Options extends SharedOptions>(
  place: string,
  options: Options,
  rules: OptionRules<Options>,
): void {
  assertOptions(place, options, rules);
  if (options.eventFields) assertOptions('eventFields', options.eventFields, EVENT_FIELD_RULES);
}

function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}
