import { SessionConfigurationError } from '../errors/session.errors.js';
import { defineOwner } from './session-definition.js';

/**
 * Marks the field that says whose session it is: a string, number or bigint, such as the id of the signed-in user.
 * When it changes (login, logout, switch of user) the session gets a new id by itself, so that an id from before is
 * worth nothing after (OWASP Session Management Cheat Sheet, session fixation). In a storage with an owner index it is
 * what `SessionsService.list` and `revokeAll` go by.
 */
export function SessionOwner(): (target: object, property: string | symbol) => void {
  return (target, property) => {
    if (typeof property !== 'string')
      throw new SessionConfigurationError('@SessionOwner() needs a property with a name.');
    defineOwner(target.constructor, property);
  };
}
