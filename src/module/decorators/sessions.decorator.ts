import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { bindInterceptor } from '../commit/bind-interceptor.js';
import { assertHandlerParameter } from './decorator-target.js';
import { sessionsOfContext } from '../request/sessions-of-context.js';

const InjectSessions = createParamDecorator(
  (_: unknown, context: ExecutionContext): unknown => sessionsOfContext(context).exchange,
);

/** Injects {@link RequestSessions}. */
export function Sessions(): ParameterDecorator {
  return (target, property, index) => {
    assertHandlerParameter('Sessions', property);
    bindInterceptor(target, property);
    InjectSessions()(target, property, index);
  };
}
