import type { ExecutionContext, Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import 'reflect-metadata';
import { defer, lastValueFrom } from 'rxjs';
import { committedField } from '../commit/committed-fields.js';
import {
  discoveredClasses,
  handlersOf,
  requiresSession,
  type DiscoveredClass,
} from '../handlers/discovered-handlers.js';
import { FIELD_MIDDLEWARE, RESOLVE_FIELD } from '../handlers/nest-metadata.js';
import { loggedRefusal, refusal } from '../request/refusal.js';
import { operationOf, sessionsOfContext } from '../request/sessions-of-context.js';
import { RequireSessionGuard } from '../decorators/require-session.guard.js';
import { watchField } from '../commit/watched-fields.js';

interface FieldCall {
  readonly source: unknown;
  readonly args: unknown;
  readonly context: unknown;
  readonly info: object;
}

type FieldMiddleware = (call: FieldCall, next: () => Promise<unknown>) => Promise<unknown>;

/** No field: it gets other arguments, and Nest never guards it. */
const RESOLVE_TYPE = '__resolveType';
const OURS = Symbol.for('nestjs-sessions:field-middleware');

/**
 * Guards `@ResolveField()` methods and stores their sessions: without `fieldResolverEnhancers`, Nest runs only field
 * middleware.
 */
export function watchFieldResolvers(discovery: DiscoveryService): void {
  for (const discovered of discoveredClasses(discovery)) {
    if (discovered.isController) continue;
    for (const field of handlersOf(discovered)) {
      const handler = (discovered.type.prototype as Record<string | symbol, unknown>)[field.property];
      if (typeof handler !== 'function' || Reflect.getMetadata(RESOLVE_FIELD, handler) !== true) continue;
      if (field.property === RESOLVE_TYPE) continue;
      const isGuarded = requiresSession(discovered, field);
      if (!isGuarded && field.facts.sessions.length === 0 && !field.facts.isIntercepted) continue;
      const present = (Reflect.getMetadata(FIELD_MIDDLEWARE, handler) ?? []) as ReadonlyArray<FieldMiddleware>;
      const ours = middlewareOf(discovered, handler, isGuarded);
      // Replaces the one of an earlier application with the same class.
      Reflect.defineMetadata(FIELD_MIDDLEWARE, [ours, ...present.filter((one) => !(OURS in one))], handler);
    }
  }
}

function middlewareOf(discovered: DiscoveredClass, handler: object, isGuarded: boolean): FieldMiddleware {
  const ownGuard = new RequireSessionGuard();
  const middleware: FieldMiddleware = async ({ source, args, context, info }, next) => {
    const execution = new FieldContext(discovered.type, handler, [source, args, context, info]);
    if (isGuarded) {
      // A test may have overridden Nest's.
      const guard = (discovered.injected(RequireSessionGuard) as RequireSessionGuard | undefined) ?? ownGuard;
      if (!(await guard.canActivate(execution))) throw refusal(execution, new Error('Forbidden resource'));
    }
    watchField(info);
    try {
      const sessions = sessionsOfContext(execution);
      return await lastValueFrom(committedField(sessions, operationOf(execution), defer(next))).catch(
        (error: unknown) => {
          throw loggedRefusal(execution, error, (hidden) => sessions.reportError(hidden));
        },
      );
    } catch (error) {
      throw refusal(execution, error);
    }
  };
  return Object.assign(middleware, { [OURS]: true });
}

/** The context that Nest gives to guards of resolvers. */
class FieldContext implements ExecutionContext {
  readonly #type: Type;
  readonly #handler: object;
  readonly #args: readonly unknown[];

  constructor(type: Type, handler: object, args: readonly unknown[]) {
    this.#type = type;
    this.#handler = handler;
    this.#args = args;
  }

  getClass<T>(): Type<T> {
    return this.#type as Type<T>;
  }
  getHandler(): () => void {
    return this.#handler as () => void;
  }
  getArgs<T extends unknown[]>(): T {
    return this.#args as T;
  }
  getArgByIndex<T>(index: number): T {
    return this.#args[index] as T;
  }
  getType<T extends string>(): T {
    return 'graphql' as T;
  }
  switchToHttp(): ReturnType<ExecutionContext['switchToHttp']> {
    const at = <T>(index: number): T => this.getArgByIndex<T>(index);
    return { getRequest: () => at(0), getResponse: () => at(1), getNext: () => at(2) };
  }
  switchToRpc(): ReturnType<ExecutionContext['switchToRpc']> {
    return { getData: () => this.getArgByIndex(0), getContext: () => this.getArgByIndex(1) };
  }
  switchToWs(): ReturnType<ExecutionContext['switchToWs']> {
    return {
      getClient: () => this.getArgByIndex(0),
      getData: () => this.getArgByIndex(1),
      getPattern: () => String(this.getArgByIndex(this.#args.length - 1)),
    };
  }
}
