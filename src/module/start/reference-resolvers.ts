import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import 'reflect-metadata';
import { RequireSessionGuard } from '../decorators/require-session.guard.js';
import {
  discoveredClasses,
  handlersOf,
  requiresSession,
  type DiscoveredClass,
  type DiscoveredHandler,
} from '../handlers/discovered-handlers.js';
import { markHandler } from '../handlers/handler-facts.js';
import { PARAMETERS, RESOLVE_REFERENCE } from '../handlers/nest-metadata.js';
import { replaceHandler } from '../handlers/replace-handler.js';
import { refusal } from '../request/refusal.js';

/** After all declared parameters. */
const INDEX = 16;
const GUARDED = Symbol.for('nestjs-sessions:guarded-reference');
// Global pipes do not transform functions.
const InjectContext = createParamDecorator((_: unknown, context: ExecutionContext) => () => context);

type Resolve = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Guards `@ResolveReference()` methods: without `fieldResolverEnhancers`, Nest runs no guards for them. Call it before
 * Nest reads the resolvers.
 */
export function guardReferences(discovery: DiscoveryService): void {
  for (const discovered of discoveredClasses(discovery)) {
    if (discovered.isController) continue;
    for (const handler of handlersOf(discovered)) {
      if (requiresSession(discovered, handler)) guardReference(discovered, handler);
    }
  }
}

function guardReference({ type }: DiscoveredClass, { property }: DiscoveredHandler): void {
  const prototype = type.prototype as Record<string | symbol, unknown>;
  const resolve = prototype[property] as Resolve | undefined;
  if (typeof resolve !== 'function' || Reflect.getMetadata(RESOLVE_REFERENCE, resolve) !== true) return;
  if (GUARDED in resolve) return;
  const guard = new RequireSessionGuard();
  // Without declared parameters, Nest passes the driver's arguments; the one added here would stop that.
  const isPlain = !Reflect.hasMetadata(PARAMETERS, type, property);
  InjectContext()(prototype, property, INDEX);
  const guarded = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    // Called by a test.
    if (args.length <= INDEX) return resolve.apply(this, args);
    const context = (args[INDEX] as () => ExecutionContext)();
    if (!(await guard.canActivate(context))) throw refusal(context, new Error('Forbidden resource'));
    return resolve.apply(this, isPlain ? context.getArgs() : args.slice(0, INDEX));
  };
  replaceHandler(prototype, property, resolve, guarded);
  Object.defineProperty(guarded, GUARDED, { value: true });
  markHandler(guarded, { prototype, property });
}
