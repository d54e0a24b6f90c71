import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { SessionClass } from '../tracker/session-class.js';
import { addHandlerFacts } from './handler-facts.js';
import { assertHandlerParameter } from './handler-parameter.js';
import { principalsOf } from './require-session.guard.js';
import { sessionsOfContext } from './request-of.js';

const InjectPrincipal = createParamDecorator((type: SessionClass | undefined, context: ExecutionContext): unknown => {
  let found: unknown;
  for (const [requirement, principal] of principalsOf(sessionsOfContext(context))) {
    if (type === undefined || requirement.type === type) found = principal;
  }
  return found;
});

/**
 * Injects what `validate` of `@RequireSession` returned, or without it the session (Ktor: `call.principal<T>()`).
 * @param type if several sessions are required. Default: the last one.
 */
export function Principal(type?: SessionClass): ParameterDecorator {
  return (target, property, index) => {
    assertHandlerParameter('Principal', property);
    addHandlerFacts(target, property, { usesPrincipal: true });
    InjectPrincipal(type)(target, property, index);
  };
}
