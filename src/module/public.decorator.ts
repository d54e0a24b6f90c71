import { addClassFacts, addHandlerFacts } from './handler-facts.js';
import { decorateHandlerOrClass } from './handler-or-class.js';
import { describePublic } from './security-scheme.js';

/**
 * Opens a handler or controller to requests without a session. On a handler it removes the requirements of
 * `RequireSessionGuard.everywhere` and of the controller; a `@RequireSession` on the same handler still applies. On a
 * controller it removes those of `RequireSessionGuard.everywhere`. Subclasses do not inherit it.
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
