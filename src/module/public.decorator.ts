import { describePublic } from './security-scheme.js';
import { makePublic } from './session-requirement.js';

/**
 * Opens a handler, or a controller, to requests without a session: what `RequireSessionGuard.everywhere` or a
 * `@RequireSession` on the controller ask for does not hold for it. A `@RequireSession` beside it still does.
 */
export function Public(): ClassDecorator & MethodDecorator {
  return (target: object, _property?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const holder = (descriptor?.value ?? target) as object;
    makePublic(holder);
    describePublic(holder);
  };
}
