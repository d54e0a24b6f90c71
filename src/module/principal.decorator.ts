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
 * Injects the result of `validate` of `@RequireSession`, or the session without `validate` (Ktor:
 * `call.principal<T>()`). `undefined` if `optional` or `@Public()` admitted the request. Requires `@RequireSession` or
 * `RequireSessionGuard.everywhere`, checked at start.
 * @param type if several sessions are required. Default: the last requirement.
 */
export function Principal(type?: SessionClass): ParameterDecorator {
  return (target, property, index) => {
    assertHandlerParameter('Principal', property);
    addHandlerFacts(target, property, { usesPrincipal: true });
    InjectPrincipal(type)(target, property, index);
  };
}
