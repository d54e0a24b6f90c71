import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { SessionConfigurationError } from '../../errors/session.errors.js';
import type { RequestSessions } from '../../session/request-sessions.js';
import type { SessionClass } from '../../tracker/session-class.js';
import { addHandlerFacts, markHandler, type HandlerPlace } from '../handlers/handler-facts.js';
import { refusal } from '../request/refusal.js';
import { sessionsOfContext } from '../request/sessions-of-context.js';

/** @throws {SessionConfigurationError} on a constructor parameter. */
export function assertHandlerParameter(
  decorator: string,
  property: string | symbol | undefined,
): asserts property is string | symbol {
  if (property === undefined) {
    throw new SessionConfigurationError(
      `@${decorator}() is on a parameter of a constructor. Put it on a parameter of a handler.`,
    );
  }
}

export function sessionParameterDecorator(
  name: string,
  read: (sessions: RequestSessions, type: SessionClass) => Promise<unknown>,
): (type: SessionClass) => ParameterDecorator {
  const inject = createParamDecorator(async (type: SessionClass, context: ExecutionContext): Promise<unknown> => {
    try {
      return await read(sessionsOfContext(context).exchange, type);
    } catch (error) {
      throw refusal(context, error);
    }
  });
  return (type) => (target, property, index) => {
    assertHandlerParameter(name, property);
    addHandlerFacts(target, property, { sessions: [{ type, required: false }] });
    inject(type)(target, property, index);
  };
}

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
