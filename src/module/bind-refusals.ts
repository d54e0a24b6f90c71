import { UseInterceptors, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { MetadataScanner, type DiscoveryService } from '@nestjs/core';
import 'reflect-metadata';
import { catchError, type Observable } from 'rxjs';
import { isIntercepted } from './bind-interceptor.js';
import { refusal } from './refusal.js';
import { sessionsOfContext } from './request-of.js';
import { INTERCEPTORS, RESOLVER_TYPE, SOCKET_MESSAGE } from './nest-metadata.js';

/**
 * Lets resolvers and message handlers of gateways refuse like the others although they have no session decorator:
 * `sessionsOf(…)` and `save()` throw session errors too, which clients would see as "Internal server error".
 */
export function bindRefusals(discovery: DiscoveryService): void {
  const scanner = new MetadataScanner();
  for (const { metatype } of discovery.getProviders()) {
    const prototype = typeof metatype === 'function' ? (metatype.prototype as object | undefined) : undefined;
    if (!prototype) continue;
    for (const name of scanner.getAllMethodNames(prototype)) {
      const handler: unknown = (prototype as Record<string, unknown>)[name];
      if (typeof handler !== 'function' || !needsRefusals(handler)) continue;
      UseInterceptors(new RefusalsInterceptor())(prototype, name, { value: handler });
    }
  }
}

class RefusalsInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      catchError((error: unknown) => {
        const refused = refusal(context, error);
        // The client is told less than the developer.
        if (refused !== error && (error as { statusCode?: number }).statusCode === undefined) report(context, error);
        throw refused;
      }),
    );
  }
}

function report(context: ExecutionContext, error: unknown): void {
  try {
    sessionsOfContext(context).reportError(error);
  } catch {
    // Without a request there is no application to report to; the cause of the refusal remains.
  }
}

function needsRefusals(handler: object): boolean {
  if (isIntercepted(handler)) return false;
  const isRoot = ['Query', 'Mutation'].includes(String(Reflect.getMetadata(RESOLVER_TYPE, handler)));
  if (!isRoot && !Reflect.hasMetadata(SOCKET_MESSAGE, handler)) return false;
  const present = (Reflect.getMetadata(INTERCEPTORS, handler) ?? []) as readonly unknown[];
  // Tests may create several applications with the same class.
  return !present.some((one) => one instanceof RefusalsInterceptor);
}
