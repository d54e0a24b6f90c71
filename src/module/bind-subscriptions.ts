import { UseInterceptors, type CallHandler, type ExecutionContext } from '@nestjs/common';
import { MetadataScanner, type DiscoveryService } from '@nestjs/core';
import 'reflect-metadata';
import type { Observable } from 'rxjs';
import { sessionsOfContext } from './request-of.js';
import { SessionsInterceptor } from './sessions.interceptor.js';
import { INTERCEPTORS, RESOLVER_TYPE } from './nest-metadata.js';

const SUBSCRIPTION = 'Subscription';

/**
 * Binds {@link SessionsInterceptor} to subscriptions without it, so that those with only a global guard end with their
 * session. Binds an instance, because Nest has already collected the classes.
 */
export function bindSubscriptions(discovery: DiscoveryService): void {
  const scanner = new MetadataScanner();
  for (const { metatype } of discovery.getProviders()) {
    const prototype = typeof metatype === 'function' ? (metatype.prototype as object | undefined) : undefined;
    if (!prototype) continue;
    for (const name of scanner.getAllMethodNames(prototype)) {
      const handler: unknown = (prototype as Record<string, unknown>)[name];
      if (typeof handler === 'function' && needsInterceptor(handler)) {
        UseInterceptors(new SubscriptionInterceptor())(prototype, name, { value: handler });
      }
    }
  }
}

/** Ignores subscriptions without a request. */
class SubscriptionInterceptor extends SessionsInterceptor {
  override intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    try {
      sessionsOfContext(context);
    } catch {
      return next.handle();
    }
    return super.intercept(context, next);
  }
}

function needsInterceptor(handler: object): boolean {
  if (Reflect.getMetadata(RESOLVER_TYPE, handler) !== SUBSCRIPTION) return false;
  const present = (Reflect.getMetadata(INTERCEPTORS, handler) ?? []) as readonly unknown[];
  return !present.some((one) => one === SessionsInterceptor || one instanceof SessionsInterceptor);
}
