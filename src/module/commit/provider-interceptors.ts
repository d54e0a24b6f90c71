import { UseInterceptors, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { MetadataScanner, type DiscoveryService } from '@nestjs/core';
import 'reflect-metadata';
import { catchError, type Observable } from 'rxjs';
import { INTERCEPTORS, RESOLVER_TYPE, SOCKET_MESSAGE } from '../handlers/nest-metadata.js';
import { loggedRefusal } from '../request/refusal.js';
import { graphQlInfoOf, sessionsOfContext, usedSessionsOf } from '../request/sessions-of-context.js';
import { committedMutation } from './committed-fields.js';
import { SessionsInterceptor } from './sessions.interceptor.js';

/** For resolvers and gateways without a session decorator. Instances, because Nest has already collected the classes. */
export function bindToProviders(discovery: DiscoveryService): void {
  const scanner = new MetadataScanner();
  for (const { metatype } of discovery.getProviders()) {
    const prototype = typeof metatype === 'function' ? (metatype.prototype as object | undefined) : undefined;
    if (!prototype) continue;
    for (const name of scanner.getAllMethodNames(prototype)) {
      const handler: unknown = (prototype as Record<string, unknown>)[name];
      const interceptor = typeof handler === 'function' ? interceptorFor(handler) : undefined;
      if (interceptor) UseInterceptors(interceptor)(prototype, name, { value: handler });
    }
  }
}

function interceptorFor(handler: object): NestInterceptor | undefined {
  const bound = (Reflect.getMetadata(INTERCEPTORS, handler) ?? []) as readonly unknown[];
  // An instance is of an earlier application with this class.
  if (bound.some((one) => one === SessionsInterceptor || isOurs(one))) return undefined;
  const type: unknown = Reflect.getMetadata(RESOLVER_TYPE, handler);
  if (type === 'Subscription') return new SubscriptionInterceptor();
  const canRefuse = type === 'Query' || type === 'Mutation' || Reflect.hasMetadata(SOCKET_MESSAGE, handler);
  return canRefuse ? new RefusalsInterceptor() : undefined;
}

function isOurs(interceptor: unknown): boolean {
  return interceptor instanceof SessionsInterceptor || interceptor instanceof RefusalsInterceptor;
}

/** Ends a subscription with its session if it has only a global guard. */
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

/** Converts errors of `sessionsOf(…)` and commits its mutations. */
class RefusalsInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const values = isMutation(context)
      ? committedMutation(() => usedSessionsOf(context), next.handle())
      : next.handle();
    return values.pipe(
      catchError((error: unknown) => {
        throw loggedRefusal(context, error, (hidden) => report(context, hidden));
      }),
    );
  }
}

function isMutation(context: ExecutionContext): boolean {
  return context.getType<string>() === 'graphql' && graphQlInfoOf(context)?.operation?.operation === 'mutation';
}

function report(context: ExecutionContext, error: unknown): void {
  try {
    sessionsOfContext(context).reportError(error);
  } catch {
    // There is no request.
  }
}
