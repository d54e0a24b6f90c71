import type { DiscoveryService } from '@nestjs/core';
import type { SessionClass } from '../../tracker/session-class.js';
import { handlerFactsOf, ownClassFacts, prototypesOf, recordedProperties, type HandlerFacts } from './handler-facts.js';

export interface DiscoveredClass {
  readonly type: new () => unknown;
  readonly isController: boolean;
  readonly instance: object | undefined;
  /** Whether its module has this guard or interceptor. */
  readonly canInject: (type: new () => unknown) => boolean;
  readonly injected: (type: unknown) => unknown;
}

export interface DiscoveredHandler {
  readonly property: string | symbol;
  /** `Controller.method` */
  readonly place: string;
  readonly facts: HandlerFacts;
}

type InstanceWrapper = ReturnType<DiscoveryService['getControllers']>[number];

export function discoveredClasses(discovery: DiscoveryService): readonly DiscoveredClass[] {
  return [
    ...discovery.getControllers().flatMap((wrapper) => discovered(wrapper, true)),
    ...discovery.getProviders().flatMap((wrapper) => discovered(wrapper, false)),
  ];
}

/** Methods with facts; all methods if the class requires a session. */
export function handlersOf({ type }: DiscoveredClass): readonly DiscoveredHandler[] {
  const prototype = type.prototype as object;
  const guarded = prototypesOf(type).some((one) => ownClassFacts(one).requirements.length > 0);
  const properties = guarded ? methodsOf(prototype) : recordedProperties(prototype);
  return properties.map((property) => ({
    property,
    place: `${type.name}.${String(property)}`,
    facts: handlerFactsOf(prototype, property),
  }));
}

/** Whether a guard of the handler or of its class requires one. */
export function requiresSession({ type }: DiscoveredClass, { facts }: DiscoveredHandler): boolean {
  if (facts.requirements.length > 0) return true;
  return !facts.isPublic && prototypesOf(type).some((one) => ownClassFacts(one).requirements.length > 0);
}

export function methodsOf(prototype: object): ReadonlyArray<string | symbol> {
  const names = prototypesOf(prototype).flatMap((one) =>
    Reflect.ownKeys(one).filter((name) => typeof Object.getOwnPropertyDescriptor(one, name)?.value === 'function'),
  );
  return [...new Set(names)].filter((name) => name !== 'constructor');
}

export function usedSessions(discovery: DiscoveryService): readonly SessionClass[] {
  const used = new Set<SessionClass>();
  for (const discovered of discoveredClasses(discovery)) {
    const { type } = discovered;
    for (const one of prototypesOf(type))
      for (const { type: session } of ownClassFacts(one).sessions) used.add(session);
    for (const { facts } of handlersOf(discovered)) for (const { type: session } of facts.sessions) used.add(session);
  }
  return [...used];
}

/** Each class with the first `Controller.method` that requires it. */
export function requiredSessions(discovery: DiscoveryService): ReadonlyMap<new () => object, string> {
  const places = new Map<new () => object, string>();
  const note = (place: string, { requirements, sessions }: HandlerFacts): void => {
    for (const { type, required } of sessions) {
      const anonymous = requirements.some((one) => one.type === type && one.options.anonymous);
      if (required && !anonymous && !places.has(type)) places.set(type, place);
    }
  };
  for (const discovered of discoveredClasses(discovery)) {
    const { type } = discovered;
    for (const one of prototypesOf(type)) note(type.name, ownClassFacts(one));
    for (const { property, place } of handlersOf(discovered)) {
      note(place, handlerFactsOf(type.prototype as object, property));
    }
  }
  return places;
}

function discovered(wrapper: InstanceWrapper, isController: boolean): DiscoveredClass[] {
  const { metatype, host } = wrapper;
  const isClass = typeof metatype === 'function' && typeof metatype.prototype === 'object' && !wrapper.inject;
  if (!isClass || metatype.prototype === null) return [];
  const instance: unknown = wrapper.instance;
  return [
    {
      type: metatype as new () => unknown,
      isController,
      instance: typeof instance === 'object' && instance !== null ? instance : undefined,
      canInject: (type) => host?.injectables.has(type) ?? false,
      injected: (injectable) => host?.injectables.get(injectable as new () => unknown)?.instance,
    },
  ];
}
