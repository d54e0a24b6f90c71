import { addClassFacts, addHandlerFacts } from './handler-facts.js';
import { decorateHandlerOrClass } from './handler-or-class.js';
import { describePublic } from './security-scheme.js';

/**
 * Opens a handler, or a controller, to requests without a session. On a handler, what `RequireSessionGuard.everywhere`
 * and a `@RequireSession` on the controller ask for does not hold; a `@RequireSession` beside it does. On a controller,
 * what `RequireSessionGuard.everywhere` asks for does not hold. Subclasses do not inherit it.
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
