import 'reflect-metadata';
import { definitionOf } from '../config/session-definition.js';
import { SessionConfigurationError } from '../errors/session.errors.js';

/** What Nest keeps of a handler's parameters, and the kind of `@Session()` from @nestjs/common. */
const PARAMETERS = '__routeArguments__';
const NEST_SESSION = '7';

/**
 * Refuses `@Session()` of @nestjs/common on a parameter of a session class: it gives `request.session`, which is
 * undefined here.
 * @throws {SessionConfigurationError} that names the handler.
 */
export function refuseNestSession(
  controller: { readonly prototype: object; readonly name: string },
  handler: string,
): void {
  const parameters: unknown = Reflect.getMetadata(PARAMETERS, controller, handler);
  if (typeof parameters !== 'object' || parameters === null) return;
  for (const [key, { index }] of Object.entries(parameters as Record<string, { readonly index: number }>)) {
    if (key.split(':')[0] !== NEST_SESSION) continue;
    const types: unknown = Reflect.getMetadata('design:paramtypes', controller.prototype, handler);
    const type: unknown = Array.isArray(types) ? types[index] : undefined;
    if (definitionOf(type) === undefined) continue;
    const { name } = type as { readonly name: string };
    throw new SessionConfigurationError(
      `${controller.name}.${handler} takes ${name} by @Session() of @nestjs/common, which gives request.session. Write ` +
        `@CurrentSession() session: ${name}, from nestjs-sessions.`,
    );
  }
}
