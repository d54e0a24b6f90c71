import type { ExecutionContext, Type } from '@nestjs/common';
import {
  handlerFactsOf,
  ownClassFacts,
  placeOf,
  prototypesOf,
  recordedProperties,
  type HandlerFacts,
} from './handler-facts.js';
import type { SessionRequirement } from './session-requirement.js';

export interface CallRequirements {
  readonly requirements: readonly SessionRequirement[];
  /** By `@Public()`. */
  readonly isOpen: boolean;
}

/** Collects global requirements and those of the class, its bases and the handler. */
export class CallRequirementsFinder {
  readonly #global: readonly SessionRequirement[];
  readonly #found = new WeakMap<object, WeakMap<object, CallRequirements | 'unknown'>>();

  constructor(global: readonly SessionRequirement[] = []) {
    this.#global = global;
  }

  /** `unknown`: the handler cannot be identified, and its class has requirements. */
  of(context: ExecutionContext): CallRequirements | 'unknown' {
    const [type, handler] = [context.getClass(), context.getHandler() as object];
    let ofClass = this.#found.get(type);
    if (!ofClass) this.#found.set(type, (ofClass = new WeakMap()));
    let found = ofClass.get(handler);
    if (!found) ofClass.set(handler, (found = this.#find(type, handler)));
    return found;
  }

  #find(type: Type, handler: object): CallRequirements | 'unknown' {
    const facts = factsOfHandler(type, handler);
    if (facts === undefined) return 'unknown';
    if (facts.isPublic) return { requirements: facts.requirements, isOpen: facts.requirements.length === 0 };
    const ofClasses = prototypesOf(type)
      .reverse()
      .flatMap((one) => ownClassFacts(one).requirements);
    const global = ownClassFacts(type).isPublic ? [] : this.#global;
    return { requirements: [...global, ...ofClasses, ...facts.requirements], isOpen: false };
  }
}

function factsOfHandler(type: Type, handler: object): HandlerFacts | undefined {
  const prototype = type.prototype as object;
  const place = placeOf(handler);
  if (place) {
    const facts = handlerFactsOf(prototype, place.property);
    if (prototypesOf(prototype).includes(place.prototype)) return facts;
    const ofOrigin = handlerFactsOf(place.prototype, place.property);
    return { ...facts, requirements: [...ofOrigin.requirements, ...facts.requirements], isPublic: ofOrigin.isPublic };
  }
  const property = propertyOf(prototype, handler);
  if (property !== undefined) return handlerFactsOf(prototype, property);
  const recorded = recordedProperties(prototype).map((name) => handlerFactsOf(prototype, name));
  return recorded.some(({ requirements }) => requirements.length > 0) ? undefined : handlerFactsOf(prototype, '');
}

function propertyOf(prototype: object, handler: object): string | symbol | undefined {
  for (const one of prototypesOf(prototype)) {
    const found = Reflect.ownKeys(one).find((key) => Object.getOwnPropertyDescriptor(one, key)?.value === handler);
    if (found !== undefined) return found;
  }
  const { name } = handler as { name?: unknown };
  return typeof name === 'string' && name !== '' && name !== 'constructor' && name in prototype ? name : undefined;
}
