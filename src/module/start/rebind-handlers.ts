import type { CanActivate } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import 'reflect-metadata';
import { isIntercepted } from '../commit/bind-interceptor.js';
import { bindDetachedResult } from '../commit/detached-result.interceptor.js';
import { discoveredClasses, handlersOf, type DiscoveredClass } from '../handlers/discovered-handlers.js';
import { markHandler, placeOf, type HandlerFacts } from '../handlers/handler-facts.js';
import { RequireSessionGuard } from '../decorators/require-session.guard.js';
import { SessionsInterceptor } from '../commit/sessions.interceptor.js';
import { GUARDS, INTERCEPTORS, SSE } from '../handlers/nest-metadata.js';
import { LoadingGuard } from './loading.guard.js';

/**
 * For handlers that another decorator replaced without their metadata. Call it before Nest creates the routes.
 */
export function rebindHandlers(discovery: DiscoveryService): void {
  for (const discovered of discoveredClasses(discovery)) {
    const prototype = discovered.type.prototype as object;
    for (const { property, facts } of handlersOf(discovered)) {
      for (const handler of functionsAt(discovered, property)) {
        if (!placeOf(handler)) markHandler(handler, { prototype, property });
        if (facts.requirements.length > 0 && !hasGuard(handler, RequireSessionGuard))
          append(GUARDS, handler, guardFor(discovered));
        if (facts.isIntercepted && !isIntercepted(handler)) append(INTERCEPTORS, handler, interceptorFor(discovered));
        if (facts.isIntercepted) bindDetachedResult(handler);
        if (Reflect.hasMetadata(SSE, handler)) loadBefore(handler, facts);
      }
    }
  }
}

function functionsAt({ type, instance }: DiscoveredClass, property: string | symbol): readonly object[] {
  const holders = [type.prototype as object, ...(instance && Object.hasOwn(instance, property) ? [instance] : [])];
  const found = holders.map((holder) => (holder as Record<string | symbol, unknown>)[property]);
  return found.filter((one): one is () => unknown => typeof one === 'function');
}

function loadBefore(handler: object, { sessions }: HandlerFacts): void {
  if (sessions.length === 0 || hasGuard(handler, LoadingGuard)) return;
  append(GUARDS, handler, new LoadingGuard(sessions.map(({ type }) => type)));
}

function hasGuard(handler: object, guard: new (...args: never[]) => CanActivate): boolean {
  const bound: unknown = Reflect.getMetadata(GUARDS, handler);
  return Array.isArray(bound) && bound.some((one) => one === guard || one instanceof guard);
}

function append(key: string, handler: object, enhancer: unknown): void {
  const bound: unknown = Reflect.getMetadata(key, handler);
  Reflect.defineMetadata(key, [...(Array.isArray(bound) ? (bound as unknown[]) : []), enhancer], handler);
}

// Nest ignores classes that it did not scan, but not instances.
function guardFor({ canInject }: DiscoveredClass): unknown {
  return canInject(RequireSessionGuard) ? RequireSessionGuard : new RequireSessionGuard();
}

function interceptorFor({ canInject }: DiscoveredClass): unknown {
  return canInject(SessionsInterceptor) ? SessionsInterceptor : new SessionsInterceptor();
}
