import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionClass } from '../tracker/session-class.js';
import { defineSession } from './session-definition.js';
import type { SessionOptions } from './session-options.js';

/**
 * Declares a session class. Handlers get instances of it; its fields are stored. Keys and storages are options of
 * `SessionsModule`.
 *
 * @param name name of the cookie, or of the header with `transport: 'header'`. Unique in the application.
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
