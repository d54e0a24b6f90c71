import { SessionConfigurationError } from '../errors/session.errors.js';
import { defineCounter } from './session-definition.js';

/**
 * Marks a number whose changes by parallel requests add up: of two requests that each add one, both count. For by-id
 * sessions; by value there is nothing on the server to add to.
 */
export function Counter(): (target: object, property: string | symbol) => void {
  return (target, property) => {
    if (typeof property !== 'string') throw new SessionConfigurationError('@Counter() needs a property with a name.');
    defineCounter(target.constructor, property);
  };
}
