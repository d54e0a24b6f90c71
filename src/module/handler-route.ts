import 'reflect-metadata';
import type { DiscoveredClass } from './discovered-handlers.js';
import { FILTERS, GATEWAY, GUARDS, INTERCEPTORS, MESSAGE_PATTERN, SOCKET_MESSAGE } from './nest-metadata.js';

/** Nest's metadata keys, which Nest 11 and 12 export from different places. */
const ROUTE_PATH = 'path';
/** Metadata that does not make a method a handler. */
const ENHANCERS: ReadonlySet<unknown> = new Set([GUARDS, INTERCEPTORS, '__pipes__', FILTERS]);

/**
 * Whether Nest or a related package calls a method through its guards. A provider may belong to any package (resolvers,
 * commands, bots), so any foreign metadata counts.
 */
export function isRoute({ type, isController }: DiscoveredClass, handler: unknown): boolean {
  if (typeof handler !== 'function') return false;
  if (isController) return Reflect.hasMetadata(ROUTE_PATH, handler) || Reflect.hasMetadata(MESSAGE_PATTERN, handler);
  if (Reflect.hasMetadata(GATEWAY, type)) return Reflect.hasMetadata(SOCKET_MESSAGE, handler);
  return Reflect.getMetadataKeys(handler).some((key: unknown) => !ENHANCERS.has(key) && !isOurs(key));
}

function isOurs(key: unknown): boolean {
  return typeof key === 'symbol' ? String(key).includes('nestjs-sessions') : key === 'swagger/apiSecurity';
}
