import { UseInterceptors, type NestInterceptor } from '@nestjs/common';
import { MetadataScanner, type DiscoveryService } from '@nestjs/core';

/**
 * Binds interceptors to methods of resolvers and gateways; instances, because Nest has already collected the classes.
 */
export function bindToProviders(
  discovery: DiscoveryService,
  interceptorFor: (handler: object) => NestInterceptor | undefined,
): void {
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
