import 'reflect-metadata';
import type { SessionRequirement } from './session-requirement.js';

const FACTS = Symbol.for('nestjs-sessions:facts');
const PLACE = Symbol.for('nestjs-sessions:place');

export interface HandlerFacts {
  readonly requirements: readonly SessionRequirement[];
  readonly isPublic: boolean;
  readonly sessions: readonly UsedSession[];
  readonly usesPrincipal: boolean;
  readonly isIntercepted: boolean;
}

export interface UsedSession {
  readonly type: new () => object;
  readonly required: boolean;
}

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

// By class and property, because other decorators may replace the function.
export function addHandlerFacts(prototype: object, property: string | symbol, facts: Partial<HandlerFacts>): void {
  const present = Reflect.getOwnMetadata(FACTS, prototype, property) as HandlerFacts | undefined;
  Reflect.defineMetadata(FACTS, joined(present ?? NOTHING, facts), prototype, property);
}

export function addClassFacts(type: object, facts: Partial<HandlerFacts>): void {
  const present = Reflect.getOwnMetadata(FACTS, type) as HandlerFacts | undefined;
  Reflect.defineMetadata(FACTS, joined(present ?? NOTHING, facts), type);
}

export function ownClassFacts(type: object): HandlerFacts {
  return (Reflect.getOwnMetadata(FACTS, type) as HandlerFacts | undefined) ?? NOTHING;
}

export function ownHandlerFacts(prototype: object, property: string | symbol): HandlerFacts {
  return (Reflect.getOwnMetadata(FACTS, prototype, property) as HandlerFacts | undefined) ?? NOTHING;
}

/** Includes overridden methods, for wrappers in subclasses. `@Public()` keeps only the requirements beside it. */
export function handlerFactsOf(prototype: object, property: string | symbol): HandlerFacts {
  const chain = prototypesOf(prototype).reverse();
  const declaring = chain.findLast((one) => Object.hasOwn(one, property));
  const ofDeclaring = declaring ? ownHandlerFacts(declaring, property) : NOTHING;
  const all = chain.map((one) => ownHandlerFacts(one, property)).reduce(joined, NOTHING);
  if (!ofDeclaring.isPublic) return { ...all, isPublic: false };
  return { ...all, requirements: ofDeclaring.requirements };
}

export function recordedProperties(prototype: object): ReadonlyArray<string | symbol> {
  const chain = prototypesOf(prototype);
  const names = new Set(chain.flatMap((one) => Reflect.ownKeys(one)));
  return [...names].filter((name) => chain.some((one) => Reflect.hasOwnMetadata(FACTS, one, name)));
}

export function markHandler(handler: object, place: HandlerPlace): void {
  Reflect.defineMetadata(PLACE, place, handler);
}

export function placeOf(handler: object): HandlerPlace | undefined {
  return Reflect.getOwnMetadata(PLACE, handler) as HandlerPlace | undefined;
}

/** Nearest first, without `Object.prototype`. */
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
