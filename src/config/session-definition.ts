import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionOptions } from './session-options.js';

export interface SessionDefinition {
  readonly name: string;
  readonly options: SessionOptions;
}

// Global symbols, because the package may be loaded twice: as an ES module and as CommonJS.
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
 * A class with the same session name and class name replaces the earlier one, for hot reload. Decorator metadata is the
 * only global state.
 */
export function defineSession(type: SessionClass, definition: SessionDefinition): void {
  record(type, DEFINITION, definition);
  declared().set(JSON.stringify([definition.name, type.name]), type);
}

/** Not inherited. */
export function definitionOf(type: unknown): SessionDefinition | undefined {
  return typeof type === 'function' && Object.hasOwn(type, DEFINITION)
    ? (type as DeclaredClass)[DEFINITION]
    : undefined;
}

/** In order of declaration. */
export function declaredSessions(): readonly SessionClass[] {
  return [...declared().values()];
}

export function defineOwner(type: object, property: string): void {
  if (Object.hasOwn(type, OWNER)) {
    throw new SessionConfigurationError(
      `${nameOf(type)} has two @SessionOwner() properties, ${(type as DeclaredClass)[OWNER]} and ${property}. Keep one.`,
    );
  }
  record(type, OWNER, property);
}

/** Inherited. */
export function ownerOf(type: SessionClass): string | undefined {
  return (type as DeclaredClass)[OWNER];
}

export function defineCounter(type: object, property: string): void {
  record(type, COUNTERS, [...((type as DeclaredClass)[COUNTERS] ?? []), property]);
}

/** Inherited. */
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
