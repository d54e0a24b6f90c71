import 'reflect-metadata';
import type { SessionRequirement } from './session-requirement.js';

// Symbols of the global registry: the package may be loaded twice, as ES module and as CommonJS.
const FACTS = Symbol.for('nestjs-sessions:facts');
const PLACE = Symbol.for('nestjs-sessions:place');

/** What our decorators say of a handler or of a controller. */
export interface HandlerFacts {
  readonly requirements: readonly SessionRequirement[];
  /** Marked by `@Public()`. */
  readonly isPublic: boolean;
  /** Session classes that it uses, by name of the decorator for messages. */
  readonly sessions: readonly SessionUse[];
  /** It has a `@Principal()` parameter. */
  readonly usesPrincipal: boolean;
  /** It needs the interceptor that stores sessions. */
  readonly isIntercepted: boolean;
}

/** One use of a session class. */
export interface SessionUse {
  readonly type: new () => object;
  /** The request needs this session. */
  readonly required: boolean;
}

/** Where a handler was declared. */
export interface HandlerPlace {
  readonly prototype: object;
  readonly property: string | symbol;
}

const NOTHING: HandlerFacts = {
  requirements: [],
  isPublic: false,
  sessions: [],
  usesPrincipal: false,
  isIntercepted: false,
};

/**
 * Records facts of a method. They are kept by class and property, where nothing that wraps the function can lose them;
 * {@link markHandler} lets them be found from the function.
 */
export function addHandlerFacts(prototype: object, property: string | symbol, facts: Partial<HandlerFacts>): void {
  const present = Reflect.getOwnMetadata(FACTS, prototype, property) as HandlerFacts | undefined;
  Reflect.defineMetadata(FACTS, joined(present ?? NOTHING, facts), prototype, property);
}

/** Records facts of a class. */
export function addClassFacts(type: object, facts: Partial<HandlerFacts>): void {
  const present = Reflect.getOwnMetadata(FACTS, type) as HandlerFacts | undefined;
  Reflect.defineMetadata(FACTS, joined(present ?? NOTHING, facts), type);
}

/** What is recorded of exactly this class, without the classes that it extends. */
export function ownClassFacts(type: object): HandlerFacts {
  return (Reflect.getOwnMetadata(FACTS, type) as HandlerFacts | undefined) ?? NOTHING;
}

/** What is recorded of a method of exactly this class. */
export function ownHandlerFacts(prototype: object, property: string | symbol): HandlerFacts {
  return (Reflect.getOwnMetadata(FACTS, prototype, property) as HandlerFacts | undefined) ?? NOTHING;
}

/**
 * What holds for a method of a class. Requirements of the methods that it overrides hold too: a wrapper that replaces
 * the method in a subclass cannot be told from a new method. `@Public()` counts on the method itself only, and leaves
 * only the requirements beside it.
 */
export function handlerFactsOf(prototype: object, property: string | symbol): HandlerFacts {
  const chain = prototypesOf(prototype).reverse();
  const declaring = chain.findLast((one) => Object.hasOwn(one, property));
  const ofDeclaring = declaring ? ownHandlerFacts(declaring, property) : NOTHING;
  const all = chain.map((one) => ownHandlerFacts(one, property)).reduce(joined, NOTHING);
  if (!ofDeclaring.isPublic) return { ...all, isPublic: false };
  return { ...all, requirements: ofDeclaring.requirements };
}

/** The methods of a class of which anything is recorded, inherited ones included. */
export function recordedProperties(prototype: object): ReadonlyArray<string | symbol> {
  const names = prototypesOf(prototype).flatMap((one) => Reflect.ownKeys(one));
  return [...new Set(names)].filter((name) =>
    prototypesOf(prototype).some((one) => Reflect.hasOwnMetadata(FACTS, one, name)),
  );
}

/** Lets {@link placeOf} find the record of a function. Reflect metadata, which wrappers copy. */
export function markHandler(handler: object, place: HandlerPlace): void {
  Reflect.defineMetadata(PLACE, place, handler);
}

/** Where a handler, or the wrapper of one that copied its metadata, was declared. */
export function placeOf(handler: object): HandlerPlace | undefined {
  return Reflect.getOwnMetadata(PLACE, handler) as HandlerPlace | undefined;
}

/** A prototype and those that it inherits from, the nearest first, without that of Object. */
export function prototypesOf(prototype: object): object[] {
  const found: object[] = [];
  for (
    let one: object | null = prototype;
    one && one !== Object.prototype && one !== Function.prototype;
    one = Object.getPrototypeOf(one) as object | null
  ) {
    found.push(one);
  }
  return found;
}

function joined(left: HandlerFacts, right: Partial<HandlerFacts>): HandlerFacts {
  return {
    requirements: [...left.requirements, ...(right.requirements ?? [])],
    isPublic: left.isPublic || (right.isPublic ?? false),
    sessions: [...left.sessions, ...(right.sessions ?? [])],
    usesPrincipal: left.usesPrincipal || (right.usesPrincipal ?? false),
    isIntercepted: left.isIntercepted || (right.isIntercepted ?? false),
  };
}
