import type { SessionClass } from '../tracker/session-class.js';
import { RequireSession } from './require-session.decorator.js';
import type { FreshnessOptions } from './session-requirement.js';

/**
 * Requires a recent login or `sessions.authenticated` (ASVS 5.0 7.5.1, 7.5.3). Short for `@RequireSession(type, { fresh
 * })`.
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
