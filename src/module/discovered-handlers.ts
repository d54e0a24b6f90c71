import type { DiscoveryService } from '@nestjs/core';
import { handlerFactsOf, ownClassFacts, prototypesOf, recordedProperties, type HandlerFacts } from './handler-facts.js';

export interface DiscoveredClass {
  readonly type: new () => unknown;
  readonly isController: boolean;
  readonly instance: object | undefined;
  /** Whether the module of this class has this guard or interceptor. */
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

export function methodsOf(prototype: object): ReadonlyArray<string | symbol> {
  const names = prototypesOf(prototype).flatMap((one) =>
    Reflect.ownKeys(one).filter((name) => typeof Object.getOwnPropertyDescriptor(one, name)?.value === 'function'),
  );
  return [...new Set(names)].filter((name) => name !== 'constructor');
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
