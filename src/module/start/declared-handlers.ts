import type { DiscoveryService } from '@nestjs/core';
import 'reflect-metadata';
import { definitionOf } from '../../config/session-definition.js';
import { SessionConfigurationError } from '../../errors/session.errors.js';
import type { SessionProviders } from '../../session/session-providers.js';
import { discoveredClasses, handlersOf, methodsOf, type DiscoveredClass } from '../handlers/discovered-handlers.js';
import { ownClassFacts, ownHandlerFacts, prototypesOf, type HandlerFacts } from '../handlers/handler-facts.js';
import { API_SECURITY } from '../decorators/api-security.js';
import { isMessageHandler, noSessionOfMessage } from './message-handlers.js';
import {
  GATEWAY,
  GUARDS,
  INTERCEPTORS,
  MESSAGE_PATTERN,
  PARAMETERS,
  SOCKET_MESSAGE,
} from '../handlers/nest-metadata.js';

/** Type of the parameter decorator `@Session()` of @nestjs/common. */
const NEST_SESSION = '7:';
const ROUTE_PATH = 'path';
const ENHANCERS: ReadonlySet<unknown> = new Set([GUARDS, INTERCEPTORS, '__pipes__', '__exceptionFilters__']);

/** @throws {SessionConfigurationError} for an unregistered session or a decorator without effect. */
export function checkDeclaredHandlers(
  discovery: DiscoveryService,
  providers: SessionProviders,
  hasGlobalGuard: boolean,
): void {
  for (const discovered of discoveredClasses(discovery)) {
    checkClass(discovered, providers);
    for (const { property, place, facts } of handlersOf(discovered)) {
      checkRegistered(place, facts, providers);
      checkMessages(discovered, property, place, facts);
      checkReached(discovered, property, place);
      if (facts.usesPrincipal && !hasGlobalGuard) checkPrincipal(discovered, place, facts);
    }
    if (discovered.isController) checkNestSessions(discovered, providers);
  }
}

function checkClass(discovered: DiscoveredClass, providers: SessionProviders): void {
  const { type } = discovered;
  for (const one of prototypesOf(type)) checkRegistered(type.name, ownClassFacts(one), providers);
  if (ownClassFacts(type).requirements.length === 0) return;
  const prototype = type.prototype as object;
  if (methodsOf(prototype).some((name) => isRoute(discovered, handlerAt(prototype, name)))) return;
  throw new SessionConfigurationError(
    `@RequireSession() on ${type.name} has no effect: the class has no route, resolver or message handler. ` +
      'Remove it, or add it to the controller. A decorator that replaces methods without copying metadata removes ' +
      'their routes; move it below @Get().',
  );
}

function checkRegistered(place: string, { sessions }: HandlerFacts, providers: SessionProviders): void {
  for (const { type } of sessions) {
    if (providers.get(type)) continue;
    throw new SessionConfigurationError(
      `${place} uses session ${type.name}, which is not registered. Register it: SessionsModule.forRoot({ sessions: ` +
        `[…, ${type.name}] }), or omit sessions to register every class that a handler uses.`,
    );
  }
}

function checkMessages({ type }: DiscoveredClass, property: string | symbol, place: string, facts: HandlerFacts): void {
  const handler = handlerAt(type.prototype as object, property);
  if (typeof handler !== 'function' || !isMessageHandler(handler)) return;
  if (facts.sessions.length > 0 || facts.isIntercepted) throw noSessionOfMessage(place);
}

function checkReached(discovered: DiscoveredClass, property: string | symbol, place: string): void {
  const prototype = discovered.type.prototype as object;
  const declaring = prototypesOf(prototype).find((one) => Object.hasOwn(one, property));
  if (!declaring || ownHandlerFacts(declaring, property).requirements.length === 0) return;
  if (isRoute(discovered, handlerAt(prototype, property))) return;
  throw new SessionConfigurationError(
    `@RequireSession() on ${place} has no effect: the method is not a route, resolver or message handler. Add ` +
      '@Get() or similar. A decorator that replaces the method without copying metadata removes its route; move it below ' +
      '@Get() and @RequireSession().',
  );
}

function checkPrincipal({ type }: DiscoveredClass, place: string, { requirements }: HandlerFacts): void {
  if (requirements.length > 0) return;
  if (prototypesOf(type).some((one) => ownClassFacts(one).requirements.length > 0)) return;
  throw new SessionConfigurationError(
    `${place} has a @Principal() but no guard that provides it. Add @RequireSession(UserSession) to the handler or to ` +
      'its class, or register { provide: APP_GUARD, useValue: RequireSessionGuard.everywhere(UserSession) }.',
  );
}

function checkNestSessions({ type }: DiscoveredClass, providers: SessionProviders): void {
  const prototype = type.prototype as object;
  for (const property of methodsOf(prototype)) {
    const parameters = Object.keys((Reflect.getMetadata(PARAMETERS, type, property) ?? {}) as object);
    const types = Reflect.getMetadata('design:paramtypes', prototype, property) as unknown[] | undefined;
    for (const key of parameters) {
      if (!key.startsWith(NEST_SESSION)) continue;
      const declared = types?.[Number(key.slice(NEST_SESSION.length))] as (new () => object) | undefined;
      if (!declared || (!definitionOf(declared) && !providers.get(declared))) continue;
      throw new SessionConfigurationError(
        `${type.name}.${String(property)}: @Session() of @nestjs/common does not inject a ${declared.name}. Use ` +
          "@CurrentSession(): import { CurrentSession } from 'nestjs-sessions'.",
      );
    }
  }
}

function handlerAt(prototype: object, property: string | symbol): unknown {
  return (prototype as Record<string | symbol, unknown>)[property];
}

/** Of a provider, any foreign metadata counts (resolvers, commands, bots). */
export function isRoute({ type, isController }: DiscoveredClass, handler: unknown): boolean {
  if (typeof handler !== 'function') return false;
  if (isController) return Reflect.hasMetadata(ROUTE_PATH, handler) || Reflect.hasMetadata(MESSAGE_PATTERN, handler);
  if (Reflect.hasMetadata(GATEWAY, type)) return Reflect.hasMetadata(SOCKET_MESSAGE, handler);
  return Reflect.getMetadataKeys(handler).some((key: unknown) => !ENHANCERS.has(key) && !isOurs(key));
}

function isOurs(key: unknown): boolean {
  return typeof key === 'symbol' ? String(key).includes('nestjs-sessions') : key === API_SECURITY;
}
