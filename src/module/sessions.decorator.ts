import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { bindInterceptor } from './bind-interceptor.js';
import { sessionsOfContext } from './request-of.js';

const InjectSessions = createParamDecorator(
  (_: unknown, context: ExecutionContext): unknown => sessionsOfContext(context).sessions,
);

/** Hands a handler all sessions of its request, as {@link RequestSessions}. */
export function Sessions(): ParameterDecorator {
  return (target, property, index) => {
    if (property === undefined) throw new TypeError('@Sessions() belongs to a parameter of a handler.');
    bindInterceptor(target, property);
    InjectSessions()(target, property, index);
  };
}
