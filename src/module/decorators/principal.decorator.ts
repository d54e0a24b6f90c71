import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { SessionClass } from '../../tracker/session-class.js';
import { addHandlerFacts } from '../handlers/handler-facts.js';
import { assertHandlerParameter } from './decorator-target.js';
import { sessionsOfContext } from '../request/sessions-of-context.js';

const InjectPrincipal = createParamDecorator((type: SessionClass | undefined, context: ExecutionContext): unknown => {
  let found: unknown;
  for (const [requirement, principal] of sessionsOfContext(context).principals) {
    if (type === undefined || requirement.type === type) found = principal;
  }
  return found;
});

/**
 * Injects what `validate` of `@RequireSession` returned, or without it the session (Ktor: `call.principal<T>()`).
 * @param type if several are required. Default: the last one.
 */
export function Principal(type?: SessionClass): ParameterDecorator {
  return (target, property, index) => {
    assertHandlerParameter('Principal', property);
    addHandlerFacts(target, property, { usesPrincipal: true });
    InjectPrincipal(type)(target, property, index);
  };
}
