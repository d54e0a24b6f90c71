import { SessionConfigurationError } from '../errors/session.errors.js';

/** What an option may hold, in words, and how it is told. */
interface OptionType {
  readonly words: string;
  fits(value: unknown): boolean;
}

const BOOLEAN: OptionType = { words: 'true or false', fits: (value) => typeof value === 'boolean' };
const FUNCTION: OptionType = { words: 'a function', fits: (value) => typeof value === 'function' };
const TEXT: OptionType = { words: 'a text', fits: (value) => typeof value === 'string' };
const LIST: OptionType = { words: 'a list', fits: Array.isArray };
const ATTRIBUTES: OptionType = { words: "an object, as in { sameSite: 'strict' }", fits: isObject };
const FIELDS: OptionType = { words: 'an object, as in { owner: true }', fits: isObject };
const NUMBER: OptionType = { words: 'a number', fits: (value) => typeof value === 'number' };
const SERIALIZER: OptionType = {
  words: 'an object with serialize and deserialize',
  fits: (value) => hasMethods(value, 'serialize', 'deserialize'),
};
const VALIDATION: OptionType = {
  words: 'a Standard Schema, or a function that returns errors',
  fits: (value) => typeof value === 'function' || (isObject(value) && '~standard' in (value as object)),
};
const TRANSFORMERS: OptionType = {
  words: 'a list of objects with transformRead and transformWrite',
  fits: (value) => Array.isArray(value) && value.every((one) => hasMethods(one, 'transformRead', 'transformWrite')),
};

/** Of `SessionOverrides`, as far as nothing else looks at the type. */
export const SESSION_OPTION_TYPES: Readonly<Record<string, OptionType>> = {
  name: TEXT,
  cookie: ATTRIBUTES,
  exposed: BOOLEAN,
  sendOnlyIfModified: BOOLEAN,
  saveOnServerError: BOOLEAN,
  keepCacheControl: BOOLEAN,
  serializer: SERIALIZER,
  transformers: TRANSFORMERS,
  version: NUMBER,
  migrations: LIST,
  graceInSeconds: NUMBER,
  rotateEveryInSeconds: NUMBER,
  explainInSeconds: NUMBER,
  lifetime: FUNCTION,
  onOwnerChange: FUNCTION,
  reauthenticationResets: BOOLEAN,
  validate: VALIDATION,
  identity: FUNCTION,
};

/** Of `SessionsOptions` and what the module adds, as far as nothing else looks at the type. */
export const SESSIONS_OPTION_TYPES: Readonly<Record<string, OptionType>> = {
  cookie: ATTRIBUTES,
  sessions: LIST,
  install: FUNCTION,
  serializer: FUNCTION,
  saveOnServerError: BOOLEAN,
  storageTimeoutInMilliseconds: NUMBER,
  onEvent: FUNCTION,
  eventFields: FIELDS,
  now: FUNCTION,
  asyncLocalStorage: BOOLEAN,
  requestSession: FUNCTION,
};

/** Of `eventFields`. */
export const EVENT_FIELD_TYPES: Readonly<Record<string, OptionType>> = { owner: BOOLEAN, request: FUNCTION };

/**
 * Refuses options of another type than theirs: configuration comes from files and the environment, where all is text,
 * and the text `'false'` would count as true. Values are not shown.
 * @param place where they were written, for the message.
 */
export function assertTypes(place: string, options: object, types: Readonly<Record<string, OptionType>>): void {
  for (const [option, type] of Object.entries(types)) {
    const value = (options as Readonly<Record<string, unknown>>)[option];
    if (value === undefined || type.fits(value)) continue;
    throw new SessionConfigurationError(`${place}: ${option} must be ${type.words}. It is of type ${typeOf(value)}.`);
  }
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}
