import { SessionConfigurationError } from '../errors/session.errors.js';
import { markHandler, type HandlerPlace } from './handler-facts.js';

interface HandlerOrClass {
  handler(place: HandlerPlace, descriptor: PropertyDescriptor): void;
  type(type: new () => unknown): void;
}

/** @throws {SessionConfigurationError} on a target that Nest ignores. */
export function decorateHandlerOrClass(label: string, decorate: HandlerOrClass): ClassDecorator & MethodDecorator {
  return (target: object, property?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (property === undefined) return decorate.type(target as new () => unknown);
    const isMethod = typeof target !== 'function' && typeof descriptor?.value === 'function';
    if (!isMethod) {
      throw new SessionConfigurationError(
        `${label} is on ${nameOf(target)}.${String(property)}, which is not an instance method. Use it on methods, not on ` +
          'fields, static methods or accessors.',
      );
    }
    const place = { prototype: target, property };
    markHandler(descriptor.value as object, place);
    decorate.handler(place, descriptor);
  };
}

function nameOf(target: object): string {
  return typeof target === 'function' ? target.name : target.constructor.name;
}
