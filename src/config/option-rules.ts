import { assertOneOf, assertNotUndefined, assertKnownOptions } from '../errors/known-options.js';
import { SessionConfigurationError } from '../errors/session.errors.js';

export interface OptionType {
  readonly words: string;
  fits(value: unknown): boolean;
}

/** `{}`: checked elsewhere. */
export interface OptionRule {
  readonly type?: OptionType;
  readonly oneOf?: readonly string[];
  /** Rejects an explicit `undefined`. */
  readonly neverUndefined?: true;
  readonly byIdOnly?: true;
}

/** A missing or unknown option is a compile error. */
export type OptionRules<Options extends object> = Readonly<Record<keyof Options & string, OptionRule>>;

export const BOOLEAN: OptionType = { words: 'true or false', fits: (value) => typeof value === 'boolean' };
export const FUNCTION: OptionType = { words: 'a function', fits: (value) => typeof value === 'function' };
export const TEXT: OptionType = { words: 'a text', fits: (value) => typeof value === 'string' };
export const LIST: OptionType = { words: 'a list', fits: Array.isArray };
export const NUMBER: OptionType = { words: 'a number', fits: (value) => typeof value === 'number' };

/** @param words an example, for the message. */
export function objectAs(words: string): OptionType {
  return { words: `an object, as in ${words}`, fits: isObject };
}

/**
 * Rejects unknown options and wrong types. Messages contain no values.
 * @param place for the message.
 * @throws {SessionConfigurationError}
 */
export function assertOptions<Options extends object>(
  place: string,
  options: object,
  rules: OptionRules<Options>,
): void {
  assertKnownOptions(place, options, Object.keys(rules));
  for (const [option, { type, oneOf }] of Object.entries<OptionRule>(rules)) {
    const value = (options as Readonly<Record<string, unknown>>)[option];
    if (value === undefined || type?.fits(value)) continue;
    if (oneOf) assertOneOf(place, option, value, oneOf);
    else if (type) {
      throw new SessionConfigurationError(`${place}: ${option} must be ${type.words}. It is of type ${typeOf(value)}.`);
    }
  }
}

export function assertDefined<Options extends object>(
  place: string,
  options: object,
  rules: OptionRules<Options>,
): void {
  assertNotUndefined(
    place,
    options,
    namesWhere(rules, ({ neverUndefined }) => neverUndefined === true),
  );
}

export function namesWhere<Options extends object>(
  rules: OptionRules<Options>,
  fits: (rule: OptionRule) => boolean,
): ReadonlyArray<keyof Options & string> {
  return Object.entries<OptionRule>(rules).flatMap(([name, rule]) =>
    fits(rule) ? [name as keyof Options & string] : [],
  );
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
