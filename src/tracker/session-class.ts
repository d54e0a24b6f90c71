import { SessionError } from '../errors/session.errors.js';

/** Its constructor needs no arguments. */
export type SessionClass<S extends object = object> = new () => S;

/** The message never shows content. */
export function wrongValue(type: SessionClass, value: unknown): SessionError {
  return new SessionError(
    'SESSION_WRONG_VALUE',
    `Value for this session tracker expected to be of type class ${type.name} but was ${describe(value)}. ` +
      `Set an instance made by \`new ${type.name}()\`.`,
  );
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? describeObject(value) : typeof value;
}

export function describeObject(value: object): string {
  // Not `value.constructor`, which may be content.
  const name: unknown = (Object.getPrototypeOf(value) as object | null)?.constructor?.name;
  return typeof name === 'string' && name !== 'Object' && name !== '' ? `an instance of ${name}` : 'a plain object';
}
