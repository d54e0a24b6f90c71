import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionInfo as Info } from '../session/session-info.js';
import type { SessionClass } from '../tracker/session-class.js';
import { addHandlerFacts } from './handler-facts.js';
import { refusal } from './refusal.js';
import { sessionsOfContext } from './request-of.js';

const InjectSessionInfo = createParamDecorator(
  async (type: SessionClass, context: ExecutionContext): Promise<unknown> => {
    try {
      return await sessionsOfContext(context).sessions.info(type);
    } catch (error) {
      throw refusal(context, error);
    }
  },
);

/** What there is to know of a stored session besides its content. */
export type SessionInfo = Info;

/**
 * Hands a handler what there is to know of a session besides its content, as `SessionInfo`: when it was created, when it
 * ends, whose it is. `undefined` when the request has none. Asking does not renew it, so that a page can show how long
 * the session lasts.
 */
export function SessionInfo(type: SessionClass): ParameterDecorator {
  return (target, property, index) => {
    if (property === undefined) {
      throw new SessionConfigurationError('@SessionInfo() belongs to a parameter of a handler.');
    }
    addHandlerFacts(target, property, { sessions: [{ type, required: false }] });
    InjectSessionInfo(type)(target, property, index);
  };
}
