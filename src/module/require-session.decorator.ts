import { UseGuards } from '@nestjs/common';
import type { SessionClass } from '../tracker/session-class.js';
import { bindInterceptor } from './bind-interceptor.js';
import { declareSession } from './declared-handlers.js';
import { RequireSessionGuard } from './require-session.guard.js';
import { describeRequirement } from './security-scheme.js';
import { requireSession, type RequireSessionOptions } from './session-requirement.js';

/**
 * Lets only requests with this session reach a handler, or any handler of a controller (Ktor: session
 * authentication). Others are answered with 401, or sent to `redirectTo`. In an OpenAPI description by @nestjs/swagger
 * it is a security requirement; see {@link sessionSecuritySchemes}.
 *
 * @example
 * ```ts
 * @RequireSession(UserSession, { validate: (session) => session.userId !== undefined, redirectTo: '/login' })
 * ```
 */
export function RequireSession<S extends object>(
  type: SessionClass<S>,
  options: RequireSessionOptions<S> = {},
): ClassDecorator & MethodDecorator {
  return (target: object, property?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const holder = (descriptor?.value ?? target) as object;
    declareSession(holder, type);
    describeRequirement(holder, type, options.optional ?? false);
    requireSession(holder, { type, options: options as unknown as RequireSessionOptions });
    if (property !== undefined && descriptor) {
      bindInterceptor(target, property);
      UseGuards(RequireSessionGuard)(target, property, descriptor);
    } else {
      UseGuards(RequireSessionGuard)(target as new () => unknown);
    }
  };
}
