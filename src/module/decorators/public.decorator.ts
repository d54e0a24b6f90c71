import { addClassFacts, addHandlerFacts } from '../handlers/handler-facts.js';
import { decorateHandlerOrClass } from './decorator-target.js';
import { describePublic } from './api-security.js';

/**
 * On a handler, removes the requirements of `RequireSessionGuard.everywhere` and of the controller; on a controller,
 * those of `RequireSessionGuard.everywhere`. Not inherited.
 */
export function Public(): ClassDecorator & MethodDecorator {
  return decorateHandlerOrClass('@Public()', {
    handler: ({ prototype, property }, descriptor) => {
      addHandlerFacts(prototype, property, { isPublic: true });
      describePublic(descriptor.value as object);
    },
    type: (type) => {
      addClassFacts(type, { isPublic: true });
      describePublic(type);
    },
  });
}
