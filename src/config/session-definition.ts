import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionOptions } from './session-options.js';

interface SessionDefinition {
  readonly name: string;
  readonly options: SessionOptions;
}

// Global, because ESM and CommonJS may both be loaded.
const DEFINITION = Symbol.for('nestjs-sessions:definition');
const OWNER = Symbol.for('nestjs-sessions:owner');
const COUNTERS = Symbol.for('nestjs-sessions:counters');
const DECLARED = Symbol.for('nestjs-sessions:declared-by-name');

interface DeclaredClass {
  [DEFINITION]?: SessionDefinition;
  [OWNER]?: string;
  [COUNTERS]?: readonly string[];
}

/** The latest class of a name wins, for hot reload. */
export function defineSession(type: SessionClass, definition: SessionDefinition): void {
  record(type, DEFINITION, definition);
  declared().set(JSON.stringify([definition.name, type.name]), type);
}

export function definitionOf(type: unknown): SessionDefinition | undefined {
  return typeof type === 'function' && Object.hasOwn(type, DEFINITION)
    ? (type as DeclaredClass)[DEFINITION]
    : undefined;
}

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

export function ownerOf(type: SessionClass): string | undefined {
  return (type as DeclaredClass)[OWNER];
}

export function defineCounter(type: object, property: string): void {
  record(type, COUNTERS, [...((type as DeclaredClass)[COUNTERS] ?? []), property]);
}

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
