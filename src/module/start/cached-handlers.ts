import { ExternalContextCreator, type DiscoveryService, type ModuleRef } from '@nestjs/core';
import 'reflect-metadata';
import { SessionConfigurationError } from '../../errors/session.errors.js';
import {
  discoveredClasses,
  handlersOf,
  type DiscoveredClass,
  type DiscoveredHandler,
} from '../handlers/discovered-handlers.js';
import { ownClassFacts, prototypesOf } from '../handlers/handler-facts.js';
import { HTTP_METHOD, INTERCEPTORS } from '../handlers/nest-metadata.js';

const CACHE_KEY = 'cache_module:cache_key';
/** `RequestMethod` of GET and ALL. */
const CACHED_METHODS: ReadonlySet<unknown> = new Set([0, 5]);
const OF_CACHE = ['intercept', 'trackBy', 'isRequestCacheable'];

/** Nest internals. */
interface InterceptorsHolder {
  readonly interceptorsContextCreator?: {
    getGlobalMetadata?(): unknown;
    readonly config?: { getGlobalRequestInterceptors?(): ReadonlyArray<{ readonly metatype?: unknown }> };
  };
}

/**
 * @throws {SessionConfigurationError} for a `CacheInterceptor` on a handler that uses a session, unless it overrides
 * `trackBy`: it caches by URL.
 */
export function checkCachedHandlers(discovery: DiscoveryService, modules: ModuleRef): void {
  const isGlobal = globalInterceptors(modules).some(cachesByUrl);
  for (const discovered of discoveredClasses(discovery)) {
    const bound = isGlobal || boundTo(discovered.type).some((one) => cachesByUrl(instanceOf(discovered, one)));
    for (const handler of handlersOf(discovered)) {
      const method = (discovered.type.prototype as Record<string | symbol, unknown>)[handler.property];
      if (typeof method !== 'function' || !isCacheable(method) || !readsSession(discovered, handler)) continue;
      if (bound || boundTo(method).some((one) => cachesByUrl(instanceOf(discovered, one)))) throw cached(handler.place);
    }
  }
}

function readsSession({ type }: DiscoveredClass, { facts }: DiscoveredHandler): boolean {
  if (facts.sessions.length > 0 || facts.isIntercepted || facts.usesPrincipal) return true;
  return !facts.isPublic && prototypesOf(type).some((one) => ownClassFacts(one).requirements.length > 0);
}

function isCacheable(handler: object): boolean {
  return Reflect.hasMetadata(CACHE_KEY, handler) || CACHED_METHODS.has(Reflect.getMetadata(HTTP_METHOD, handler));
}

function cachesByUrl(interceptor: unknown): boolean {
  const instance = typeof interceptor === 'function' ? (interceptor.prototype as unknown) : interceptor;
  if (typeof instance !== 'object' || instance === null) return false;
  const original = prototypesOf(instance).findLast((one) => OF_CACHE.every((name) => Object.hasOwn(one, name)));
  return original !== undefined && trackByOf(instance) === trackByOf(original);
}

function trackByOf(instance: object): unknown {
  return (instance as { readonly trackBy?: unknown }).trackBy;
}

// `trackBy` may be a property of the instance.
function instanceOf({ injected }: DiscoveredClass, interceptor: unknown): unknown {
  return typeof interceptor === 'function' ? (injected(interceptor) ?? interceptor) : interceptor;
}

function boundTo(target: object): readonly unknown[] {
  const interceptors: unknown = Reflect.getMetadata(INTERCEPTORS, target);
  return Array.isArray(interceptors) ? interceptors : [];
}

function globalInterceptors(modules: ModuleRef): readonly unknown[] {
  const holder = modules.get<unknown, InterceptorsHolder>(ExternalContextCreator, { strict: false });
  const creator = holder.interceptorsContextCreator;
  const made: unknown = creator?.getGlobalMetadata?.();
  const ofRequests = creator?.config?.getGlobalRequestInterceptors?.() ?? [];
  return [...(Array.isArray(made) ? made : []), ...ofRequests.map(({ metatype }) => metatype)];
}

function cached(place: string): SessionConfigurationError {
  return new SessionConfigurationError(
    `${place} reads a session, but CacheInterceptor caches its response by URL only: visitors would get responses of ` +
      'others. Remove it, or include the session in the key: class SessionCacheInterceptor extends CacheInterceptor { ' +
      'async trackBy(context) { const url = await super.trackBy(context); const session = await ' +
      'sessionsOf(context.switchToHttp().getRequest()).get(UserSession); ' +
      'return url && session?.userId ? `${session.userId} ${url}` : undefined; } }. See ' +
      'docs/caching.md.',
  );
}
