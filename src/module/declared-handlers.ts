import { MetadataScanner, type DiscoveryService } from '@nestjs/core';
import 'reflect-metadata';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionProviders } from '../session/session-providers.js';
import type { SessionClass } from '../tracker/session-class.js';
import { isMessageHandler, noSessionOfMessage } from './message-handlers.js';
import { SessionsInterceptor } from './sessions.interceptor.js';

const DECLARED = Symbol.for('nestjs-sessions:declared-by-handler');
const INTERCEPTORS = '__interceptors__';

interface DeclaringHandler {
  [DECLARED]?: readonly SessionClass[];
}

/** A handler, controller or guard that uses sessions. */
interface Declaration {
  /** What it is called in a message. */
  readonly place: string;
  readonly types: readonly SessionClass[];
}

/** Records that a handler, every handler of a controller, or a guard uses a session. */
export function declareSession(holder: object, type: SessionClass): void {
  Object.defineProperty(holder, DECLARED, { value: [...declaredBy(holder), type], configurable: true });
}

/** The sessions that the handlers and guards of an application use, each once, in the order of its modules. */
export function usedSessions(discovery: DiscoveryService): readonly SessionClass[] {
  return [...new Set(declarationsOf(discovery).flatMap(({ types }) => types))];
}

/**
 * Checks that every session which a handler of the application uses is registered.
 * @throws {SessionConfigurationError} that names handler and class.
 */
export function checkDeclaredHandlers(discovery: DiscoveryService, providers: SessionProviders): void {
  for (const { place, types } of declarationsOf(discovery)) {
    for (const type of types) {
      if (providers.get(type)) continue;
      throw new SessionConfigurationError(
        `${place} uses session ${type.name}, which is not registered. Add it: SessionsModule.forRoot({ sessions: ` +
          `[…, ${type.name}] }), or leave sessions out to register every class that a handler uses.`,
      );
    }
  }
}

/**
 * @throws {SessionConfigurationError} when a handler of messages uses a session.
 */
export function refuseSessionsOfMessages(discovery: DiscoveryService): void {
  for (const { place, handler } of handlersOf(discovery)) {
    if (!isMessageHandler(handler)) continue;
    const interceptors = Reflect.getMetadata(INTERCEPTORS, handler) as readonly unknown[] | undefined;
    if (declaredBy(handler).length > 0 || interceptors?.includes(SessionsInterceptor)) throw noSessionOfMessage(place);
  }
}

function declarationsOf(discovery: DiscoveryService): readonly Declaration[] {
  const declarations: Declaration[] = [];
  const add = (place: string, holder: object): void => {
    const types = declaredBy(holder);
    if (types.length > 0) declarations.push({ place, types });
  };
  for (const wrapper of [...discovery.getControllers(), ...discovery.getProviders()]) {
    const { metatype } = wrapper;
    if (typeof metatype === 'function') add(metatype.name, metatype);
    const instance: unknown = wrapper.isNotMetatype ? wrapper.instance : undefined;
    if (typeof instance === 'object' && instance !== null) add(String(wrapper.name), instance);
  }
  for (const { place, handler } of handlersOf(discovery)) add(place, handler);
  return declarations;
}

function handlersOf(discovery: DiscoveryService): Array<{ readonly place: string; readonly handler: object }> {
  const scanner = new MetadataScanner();
  const handlers: Array<{ readonly place: string; readonly handler: object }> = [];
  for (const { metatype } of [...discovery.getControllers(), ...discovery.getProviders()]) {
    const prototype = typeof metatype === 'function' ? (metatype.prototype as object | undefined) : undefined;
    if (!prototype) continue;
    for (const name of scanner.getAllMethodNames(prototype)) {
      const handler: unknown = (prototype as Record<string, unknown>)[name];
      if (typeof handler === 'function') handlers.push({ place: `${metatype!.name}.${name}`, handler });
    }
  }
  return handlers;
}

function declaredBy(holder: object): readonly SessionClass[] {
  return Object.hasOwn(holder, DECLARED) ? ((holder as DeclaringHandler)[DECLARED] ?? []) : [];
}
