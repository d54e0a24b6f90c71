import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionOptions } from './session-options.js';

/** What `@Session` says of a class. */
export interface SessionDefinition {
  readonly name: string;
  readonly options: SessionOptions;
}

// Symbols of the global registry: the package may be loaded twice, as ES module and as CommonJS.
const DEFINITION = Symbol.for('nestjs-sessions:definition');
const OWNER = Symbol.for('nestjs-sessions:owner');
const COUNTERS = Symbol.for('nestjs-sessions:counters');
const DECLARED = Symbol.for('nestjs-sessions:declared-by-name');

interface DeclaredClass {
  [DEFINITION]?: SessionDefinition;
  [OWNER]?: string;
  [COUNTERS]?: readonly string[];
}

/**
 * Records on a class that it is a session. What decorators record is the only state of the process. A class of the same
 * session and class name replaces the earlier one: a hot reload has evaluated its file again.
 */
export function defineSession(type: SessionClass, definition: SessionDefinition): void {
  record(type, DEFINITION, definition);
  declared().set(JSON.stringify([definition.name, type.name]), type);
}

/** What `@Session` says of exactly this class; a subclass is a session only if it is marked itself. */
export function definitionOf(type: unknown): SessionDefinition | undefined {
  return typeof type === 'function' && Object.hasOwn(type, DEFINITION)
    ? (type as DeclaredClass)[DEFINITION]
    : undefined;
}

/** Every class marked by `@Session` so far, in order; of a class that was evaluated again, the latest. */
export function declaredSessions(): readonly SessionClass[] {
  return [...declared().values()];
}

/** Records the property that says whose session it is. */
export function defineOwner(type: object, property: string): void {
  if (Object.hasOwn(type, OWNER)) {
    throw new SessionConfigurationError(
      `${nameOf(type)} has two @SessionOwner() properties, ${(type as DeclaredClass)[OWNER]} and ${property}. Keep one.`,
    );
  }
  record(type, OWNER, property);
}

/** The property that says whose session it is, inherited ones included. */
export function ownerOf(type: SessionClass): string | undefined {
  return (type as DeclaredClass)[OWNER];
}

/** Records a property whose parallel changes add up. */
export function defineCounter(type: object, property: string): void {
  record(type, COUNTERS, [...((type as DeclaredClass)[COUNTERS] ?? []), property]);
}

/** The properties whose parallel changes add up, inherited ones included. */
export function countersOf(type: SessionClass): readonly string[] {
  return (type as DeclaredClass)[COUNTERS] ?? [];
}

function declared(): Map<string, SessionClass> {
  const holder = globalThis as { [DECLARED]?: Map<string, SessionClass> };
  return (holder[DECLARED] ??= new Map());
}

function record(type: object, key: symbol, value: unknown): void {
  Object.defineProperty(type, key, { value, configurable: true, enumerable: false, writable: false });
}

function nameOf(type: object): string {
  return (type as { name?: string }).name ?? 'The class';
}
