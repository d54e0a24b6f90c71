import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import 'reflect-metadata';
import type { Observable } from 'rxjs';
import { INTERCEPTORS, RESOLVER_TYPE } from './nest-metadata.js';
import { sessionsOfContext } from './request-of.js';
import { SessionsInterceptor } from './sessions.interceptor.js';

const SUBSCRIPTION = 'Subscription';

/** A subscription may have no request. */
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

/** So that a subscription that only a global guard protects ends with its session. */
export function subscriptionInterceptorFor(handler: object): NestInterceptor | undefined {
  if (Reflect.getMetadata(RESOLVER_TYPE, handler) !== SUBSCRIPTION) return undefined;
  const present = (Reflect.getMetadata(INTERCEPTORS, handler) ?? []) as readonly unknown[];
  const isBound = present.some((one) => one === SessionsInterceptor || one instanceof SessionsInterceptor);
  return isBound ? undefined : new SubscriptionInterceptor();
}
