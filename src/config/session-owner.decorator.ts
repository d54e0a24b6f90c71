import { SessionConfigurationError } from '../errors/session.errors.js';
import { defineOwner } from './session-definition.js';

/**
 * Marks the owner: a string, number or bigint, such as a user id. A change gives the session a new id (OWASP Session
 * Management Cheat Sheet: session fixation). `SessionsService` finds sessions by it.
 */
export function SessionOwner(): (target: object, property: string | symbol) => void {
  return (target, property) => {
    if (typeof property !== 'string')
      throw new SessionConfigurationError('@SessionOwner() needs a property with a name.');
    defineOwner(target.constructor, property);
  };
}
