import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { RequestSessions } from '../session/request-sessions.js';
import type { SessionClass } from '../tracker/session-class.js';
import { addHandlerFacts } from './handler-facts.js';
import { refusal } from './refusal.js';
import { sessionsOfContext } from './request-of.js';

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

/** @param name for messages. */
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
