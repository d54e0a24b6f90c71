import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionClass } from '../tracker/session-class.js';
import { defineSession } from './session-definition.js';
import type { SessionOptions } from './session-options.js';

/**
 * Makes a class a session. An instance of it is what handlers get; its fields are what is kept.
 *
 * A decorator runs when its file is imported, before any configuration exists: keys and storages come through
 * `SessionsModule`.
 *
 * @param name the name of the cookie, or of the header with `transport: 'header'`. Unique in the application.
 * @example
 * ```ts
 * @Session('cart', { tracker: 'by-id', cookie: { sameSite: 'strict' } })
 * export class CartSession {
 *   items: string[] = [];
 * }
 * ```
 */
export function Session<S extends object = object>(
  name: string,
  options: SessionOptions<S> = {},
): (type: SessionClass<S>) => void {
  return (type) => {
    if (typeof name !== 'string' || name === '') {
      throw new SessionConfigurationError(`@Session() of ${type.name} needs a name: @Session('user_session').`);
    }
    defineSession(type, { name, options });
  };
}
