import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import 'reflect-metadata';
import type { Observable } from 'rxjs';
import { INTERCEPTORS, RESOLVER_TYPE } from './nest-metadata.js';
import { sessionsOfContext } from './request-of.js';
import { SessionsInterceptor } from './sessions.interceptor.js';

const SUBSCRIPTION = 'Subscription';

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

/**
 * A {@link SessionsInterceptor} for subscriptions without one, so that those with only a global guard end with their
 * session.
 * @returns `undefined` if the method needs none.
 */
export function subscriptionInterceptorFor(handler: object): NestInterceptor | undefined {
  if (Reflect.getMetadata(RESOLVER_TYPE, handler) !== SUBSCRIPTION) return undefined;
  const present = (Reflect.getMetadata(INTERCEPTORS, handler) ?? []) as readonly unknown[];
  const isBound = present.some((one) => one === SessionsInterceptor || one instanceof SessionsInterceptor);
  return isBound ? undefined : new SubscriptionInterceptor();
}
