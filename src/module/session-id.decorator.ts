import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { SessionClass } from '../tracker/session-class.js';
import { addHandlerFacts } from './handler-facts.js';
import { refusal } from './refusal.js';
import { sessionsOfContext } from './request-of.js';

const InjectSessionId = createParamDecorator(
  async (type: SessionClass, context: ExecutionContext): Promise<unknown> => {
    try {
      return await sessionsOfContext(context).sessions.id(type);
    } catch (error) {
      throw refusal(context, error);
    }
  },
);

/**
 * Hands a handler the id of a by-id session, or `undefined` when the request has none (Ktor: `call.sessionId<S>()`).
 * The id is a credential: whoever has it is the session. Show `SessionsService.handleOf(type, id)` instead.
 */
export function SessionId(type: SessionClass): ParameterDecorator {
  return (target, property, index) => {
    if (property === undefined) throw new TypeError('@SessionId() belongs to a parameter of a handler.');
    addHandlerFacts(target, property, { sessions: [{ type, required: false }] });
    InjectSessionId(type)(target, property, index);
  };
}
