import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { SessionClass } from '../tracker/session-class.js';
import { addHandlerFacts } from './handler-facts.js';
import { sessionsOfContext } from './request-of.js';

const InjectSessionId = createParamDecorator((type: SessionClass, context: ExecutionContext): unknown =>
  sessionsOfContext(context).sessions.id(type),
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
