import 'reflect-metadata';
import type { DiscoveredClass } from './discovered-handlers.js';
import { GATEWAY, GUARDS, INTERCEPTORS, MESSAGE_PATTERN, SOCKET_MESSAGE } from './nest-metadata.js';

const ROUTE_PATH = 'path';
const ENHANCERS: ReadonlySet<unknown> = new Set([GUARDS, INTERCEPTORS, '__pipes__', '__exceptionFilters__']);

/** In a provider, any foreign metadata counts, because any package may call it (resolvers, commands, bots). */
export function isRoute({ type, isController }: DiscoveredClass, handler: unknown): boolean {
  if (typeof handler !== 'function') return false;
  if (isController) return Reflect.hasMetadata(ROUTE_PATH, handler) || Reflect.hasMetadata(MESSAGE_PATTERN, handler);
  if (Reflect.hasMetadata(GATEWAY, type)) return Reflect.hasMetadata(SOCKET_MESSAGE, handler);
  return Reflect.getMetadataKeys(handler).some((key: unknown) => !ENHANCERS.has(key) && !isOurs(key));
}

function isOurs(key: unknown): boolean {
  return typeof key === 'symbol' ? String(key).includes('nestjs-sessions') : key === 'swagger/apiSecurity';
}
