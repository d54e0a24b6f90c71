import type { CanActivate, ExecutionContext } from '@nestjs/common';
import 'reflect-metadata';
import type { SessionClass } from '../../tracker/session-class.js';
import { GUARDS } from '../handlers/nest-metadata.js';
import { sessionsOfContext } from '../request/sessions-of-context.js';

/**
 * Loads sessions before an `@Sse()` handler: beside interceptors, Nest sends the head while parameters are resolved,
 * too early for changes of the handler.
 */
class LoadingGuard implements CanActivate {
  readonly #types: readonly SessionClass[];

  constructor(types: readonly SessionClass[]) {
    this.#types = types;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { exchange } = sessionsOfContext(context);
    for (const type of this.#types) await exchange.present(type, false);
    return true;
  }
}

export function loadBefore(handler: object, types: readonly SessionClass[]): void {
  const present: unknown = Reflect.getMetadata(GUARDS, handler);
  const guards: readonly unknown[] = Array.isArray(present) ? present : [];
  if (types.length === 0 || guards.some((one) => one instanceof LoadingGuard)) return;
  Reflect.defineMetadata(GUARDS, [...guards, new LoadingGuard(types)], handler);
}
