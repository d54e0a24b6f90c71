import { MetadataScanner, type DiscoveryService } from '@nestjs/core';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionProviders } from '../session/session-providers.js';
import { refuseNestSession } from './nest-session-decorator.js';
import type { SessionClass } from '../tracker/session-class.js';

const DECLARED = Symbol.for('nestjs-sessions:declared-by-handler');

interface DeclaringHandler {
  [DECLARED]?: readonly SessionClass[];
}

/** Records that a handler, or every handler of a controller, uses a session. */
export function declareSession(holder: object, type: SessionClass): void {
  const present = Object.hasOwn(holder, DECLARED) ? ((holder as DeclaringHandler)[DECLARED] ?? []) : [];
  Object.defineProperty(holder, DECLARED, { value: [...present, type], configurable: true });
}

/**
 * Checks that every session which a handler of the application uses is registered.
 * @throws {SessionConfigurationError} that names handler and class.
 */
export function checkDeclaredHandlers(discovery: DiscoveryService, providers: SessionProviders): void {
  const scanner = new MetadataScanner();
  for (const { metatype } of [...discovery.getControllers(), ...discovery.getProviders()]) {
    const prototype = typeof metatype === 'function' ? (metatype.prototype as object | undefined) : undefined;
    if (!prototype) continue;
    check(metatype as object, metatype!.name, providers);
    for (const name of scanner.getAllMethodNames(prototype)) {
      const handler: unknown = (prototype as Record<string, unknown>)[name];
      if (typeof handler === 'function') check(handler, `${metatype!.name}.${name}`, providers);
      refuseNestSession(metatype as { prototype: object; name: string }, name);
    }
  }
}

function check(holder: object, place: string, providers: SessionProviders): void {
  for (const type of (holder as DeclaringHandler)[DECLARED] ?? []) {
    if (providers.get(type)) continue;
    throw new SessionConfigurationError(
      `${place} uses session ${type.name}, which is not registered. Add it: SessionsModule.forRoot({ sessions: ` +
        `[…, ${type.name}] }), or leave sessions out to register every class marked by @Session.`,
    );
  }
}
