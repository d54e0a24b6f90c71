import { SessionConfigurationError } from '../errors/session.errors.js';
import { defineOwner } from './session-definition.js';

/**
 * Marks the field that holds the owner: a string, number or bigint, such as a user id. When it changes (login, logout,
 * switch of user), the session gets a new id, against session fixation (OWASP Session Management Cheat Sheet).
 * `SessionsService.list` and `revokeAll` find sessions by it if the storage has an owner index.
 */
export function SessionOwner(): (target: object, property: string | symbol) => void {
  return (target, property) => {
    if (typeof property !== 'string')
      throw new SessionConfigurationError('@SessionOwner() needs a property with a name.');
    defineOwner(target.constructor, property);
  };
}
