import { SessionConfigurationError } from '../../errors/session.errors.js';
import { declareField } from './kotlin-declaration.js';
import type { KotlinClass, KotlinShape } from './kotlin-shape.js';

/**
 * The Kotlin type of a field: a decorator, or a value in {@link kotlinFields}.
 *
 * ```ts
 * class CartSession {
 *   @list(int()) productIds: number[] = [];
 * }
 * ```
 */
export interface KotlinType {
  (target: object, property: string | symbol): void;
  readonly shape: KotlinShape;
  readonly hasDefault: boolean;
}

/** Lone surrogates are rejected: Ktor reads `?`. */
export function string(): KotlinType {
  return kotlinType({ kind: 'string' });
}

/** A string of one UTF-16 unit. */
export function char(): KotlinType {
  return kotlinType({ kind: 'char' });
}

export function boolean(): KotlinType {
  return kotlinType({ kind: 'boolean' });
}

/** -128 to 127. JSON only; Ktor's text formats lose it. */
export function byte(): KotlinType {
  return kotlinType({ kind: 'byte' });
}

/** 16 bits. JSON only, like {@link byte}. */
export function short(): KotlinType {
  return kotlinType({ kind: 'short' });
}

/** 32 bits. */
export function int(): KotlinType {
  return kotlinType({ kind: 'int' });
}

/** 64 bits. As `number`, values beyond ±2⁵³ are rejected on write and unreadable on read. */
export function long(as: 'bigint' | 'number' = 'bigint'): KotlinType {
  if (as !== 'bigint' && as !== 'number') throw new SessionConfigurationError("long() accepts 'bigint' or 'number'.");
  return kotlinType({ kind: 'long', as });
}

/** Single precision, such as a result of `Math.fround`. */
export function float(): KotlinType {
  return kotlinType({ kind: 'float' });
}

/** JSON rejects NaN and infinities. */
export function double(): KotlinType {
  return kotlinType({ kind: 'double' });
}

/** Text in Java's spelling: `1.10`, `1E+3`. */
export function bigDecimal(): KotlinType {
  return kotlinType({ kind: 'bigDecimal' });
}

export function bigInteger(): KotlinType {
  return kotlinType({ kind: 'bigInteger' });
}

/** 36 lower-case characters. */
export function uuid(): KotlinType {
  return kotlinType({ kind: 'uuid' });
}

/** `enumOf('A', 'B')`, or a TypeScript string enum. */
export function enumOf(...names: readonly string[] | readonly [Readonly<Record<string, string>>]): KotlinType {
  const [first] = names;
  const values = typeof first === 'object' ? Object.values(first) : (names as readonly string[]);
  if (values.length === 0 || !values.every((name) => typeof name === 'string')) {
    throw new SessionConfigurationError("enumOf() needs the names of the constants: enumOf('A', 'B').");
  }
  return kotlinType({ kind: 'enum', names: [...values] });
}

export function list(element: KotlinType): KotlinType {
  return kotlinType({ kind: 'list', element: shapeOf('list', element) });
}

export function set(element: KotlinType): KotlinType {
  return kotlinType({ kind: 'set', element: shapeOf('set', element) });
}

export function map(key: KotlinType, value: KotlinType): KotlinType {
  return kotlinType({ kind: 'map', key: shapeOf('map', key), value: shapeOf('map', value) });
}

/** `undefined` is written as `null`. */
export function nullable(type: KotlinType): KotlinType {
  const of = shapeOf('nullable', type);
  return of.kind === 'nullable' ? kotlinType(of) : kotlinType({ kind: 'nullable', of });
}

/** `java.util.Optional`; `undefined` if empty. Reflection format only. */
export function optional(type: KotlinType): KotlinType {
  return kotlinType({ kind: 'optional', of: shapeOf('optional', type) });
}

/** A class with declared fields, or a `@Sealed` parent. */
export function nested(type: () => KotlinClass): KotlinType {
  return kotlinType({ kind: 'class', type });
}

/** The initial value is also Kotlin's default: JSON omits it. */
export function defaulted(type: KotlinType): KotlinType {
  return kotlinType(type.shape, true);
}

function kotlinType(shape: KotlinShape, hasDefault = false): KotlinType {
  const decorate = (target: object, property: string | symbol): void => declareField(target, property, type);
  const type: KotlinType = Object.assign(decorate, { shape, hasDefault });
  return type;
}

function shapeOf(holder: string, type: KotlinType): KotlinShape {
  if (typeof type !== 'function' || typeof type.shape !== 'object') {
    throw new SessionConfigurationError(`${holder}() needs a Kotlin type, such as ${holder}(string()).`);
  }
  if (type.hasDefault)
    throw new SessionConfigurationError(`Write defaulted(${holder}(…)), not ${holder}(defaulted(…)).`);
  return type.shape;
}
