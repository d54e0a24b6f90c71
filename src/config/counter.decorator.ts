import { SessionConfigurationError } from '../errors/session.errors.js';
import { defineCounter } from './session-definition.js';

/** Marks a number whose parallel changes are added up. By id only. */
export function Counter(): (target: object, property: string | symbol) => void {
  return (target, property) => {
    if (typeof property !== 'string') throw new SessionConfigurationError('@Counter() needs a property with a name.');
    defineCounter(target.constructor, property);
  };
}
