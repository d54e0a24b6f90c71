import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { SessionClass } from '../../tracker/session-class.js';
import { sessionsOfContext } from '../request/sessions-of-context.js';

/**
 * Loads sessions before an `@Sse()` handler: beside interceptors, Nest sends the head while parameters are resolved,
 * too early for changes of the handler.
 */
export class LoadingGuard implements CanActivate {
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
