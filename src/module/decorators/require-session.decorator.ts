import { UseGuards } from '@nestjs/common';
import type { SessionClass } from '../../tracker/session-class.js';
import { bindInterceptor } from '../commit/bind-interceptor.js';
import { addClassFacts, addHandlerFacts, type HandlerFacts } from '../handlers/handler-facts.js';
import { decorateHandlerOrClass } from './decorator-target.js';
import { RequireSessionGuard } from './require-session.guard.js';
import { describeRequirement } from './api-security.js';
import { requirementOf, type FreshnessOptions, type RequireSessionOptions } from '../handlers/session-requirement.js';

/**
 * Requires a session, with an owner if the class has a `@SessionOwner()` field (Ktor: session authentication). Other
 * requests get 401 or a redirect. Requirements of classes and handlers add up.
 *
 * @example
 * ```ts
 * @RequireSession(UserSession, { validate: (session) => session.roles.includes('admin'), redirectTo: '/login' })
 * ```
 */
export function RequireSession<S extends object>(
  type: SessionClass<S>,
  options: RequireSessionOptions<S> = {},
): ClassDecorator & MethodDecorator {
  const name = (type as { name?: string } | undefined)?.name ?? '';
  const facts = (place: string): Pick<HandlerFacts, 'requirements' | 'sessions'> => {
    const requirement = requirementOf(`@RequireSession(${name}) of ${place}`, type, options);
    return { requirements: [requirement], sessions: [{ type, required: !requirement.options.optional }] };
  };
  return decorateHandlerOrClass(`@RequireSession(${name})`, {
    handler: ({ prototype, property }, descriptor) => {
      addHandlerFacts(prototype, property, facts(`${prototype.constructor.name}.${String(property)}`));
      describeRequirement(descriptor.value as object, type, options.optional ?? false);
      bindInterceptor(prototype, property, descriptor);
      UseGuards(RequireSessionGuard)(prototype, property, descriptor);
    },
    type: (holder) => {
      addClassFacts(holder, facts(holder.name));
      describeRequirement(holder, type, options.optional ?? false);
      UseGuards(RequireSessionGuard)(holder);
    },
  });
}

/**
 * Requires a recent login or `sessions.authenticated` (ASVS 5.0 7.5.1, 7.5.3).
 *
 * @example
 * ```ts
 * @RequireFresh(AuthSession, { withinSeconds: 600, redirectTo: '/confirm' })
 * ```
 */
export function RequireFresh<S extends object>(
  type: SessionClass<S>,
  fresh: FreshnessOptions,
): ClassDecorator & MethodDecorator {
  return RequireSession(type, { fresh });
}
