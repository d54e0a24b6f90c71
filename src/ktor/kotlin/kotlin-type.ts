import { SessionConfigurationError } from '../../errors/session.errors.js';
import { declareField } from './kotlin-declaration.js';
import type { KotlinClass, KotlinShape } from './kotlin-shape.js';

/**
 * The Kotlin type of a field: a decorator, or a value in {@link kotlinFields}. One declaration serves all formats of
 * Ktor.
 *
 * ```ts
 * class CartSession {
 *   @string() userId = '';
 *   @list(int()) productIds: number[] = [];
 *   @nullable(long()) seenAt: bigint | null = null;
 * }
 * ```
 */
export interface KotlinType {
  (target: object, property: string | symbol): void;
  readonly shape: KotlinShape;
  /** The Kotlin property has a default value. */
  readonly hasDefault: boolean;
}

/** `String`. Lone surrogates are rejected on write, because Ktor would read `?`. */
export function string(): KotlinType {
  return kotlinType({ kind: 'string' });
}

/** `Char`: a string of one UTF-16 unit. */
export function char(): KotlinType {
  return kotlinType({ kind: 'char' });
}

/** `Boolean`. */
export function boolean(): KotlinType {
  return kotlinType({ kind: 'boolean' });
}

/** `Byte`: an integer from -128 to 127. JSON only; Ktor's text formats lose it. */
export function byte(): KotlinType {
  return kotlinType({ kind: 'byte' });
}

/** `Short`: a 16-bit integer. JSON only; Ktor's text formats lose it. */
export function short(): KotlinType {
  return kotlinType({ kind: 'short' });
}

/** `Int`: a 32-bit integer. */
export function int(): KotlinType {
  return kotlinType({ kind: 'int' });
}

/**
 * `Long`: a 64-bit integer, as bigint. As `number`, values beyond ±2⁵³ are rejected on write and make the session
 * unreadable on read.
 */
export function long(as: 'bigint' | 'number' = 'bigint'): KotlinType {
  if (as !== 'bigint' && as !== 'number') throw new SessionConfigurationError("long() accepts 'bigint' or 'number'.");
  return kotlinType({ kind: 'long', as });
}

/** `Float`: a single precision number, such as a result of `Math.fround`; others are rejected. */
export function float(): KotlinType {
  return kotlinType({ kind: 'float' });
}

/** `Double`. JSON rejects NaN and infinities. */
export function double(): KotlinType {
  return kotlinType({ kind: 'double' });
}

/** `java.math.BigDecimal`, as text: `1.10`, `1E+3`. Other spellings are normalized to Java's. */
export function bigDecimal(): KotlinType {
  return kotlinType({ kind: 'bigDecimal' });
}

/** `java.math.BigInteger`, as bigint. */
export function bigInteger(): KotlinType {
  return kotlinType({ kind: 'bigInteger' });
}

/** `java.util.UUID`, as 36 characters in lower case. */
export function uuid(): KotlinType {
  return kotlinType({ kind: 'uuid' });
}

/**
 * An enum class, as the name of the constant: `enumOf('A', 'B')`, or of a TypeScript string enum.
 * @throws {SessionConfigurationError} for a numeric or empty enum.
 */
export function enumOf(...names: readonly string[] | readonly [Readonly<Record<string, string>>]): KotlinType {
  const [first] = names;
  const values = typeof first === 'object' ? Object.values(first) : (names as readonly string[]);
  if (values.length === 0 || !values.every((name) => typeof name === 'string')) {
    throw new SessionConfigurationError("enumOf() needs the names of the constants: enumOf('A', 'B').");
  }
  return kotlinType({ kind: 'enum', names: [...values] });
}

/** `List`, as an array. */
export function list(element: KotlinType): KotlinType {
  return kotlinType({ kind: 'list', element: shapeOf('list', element) });
}

/** `Set`, as a Set. */
export function set(element: KotlinType): KotlinType {
  return kotlinType({ kind: 'set', element: shapeOf('set', element) });
}

/** `Map`, as a Map. */
export function map(key: KotlinType, value: KotlinType): KotlinType {
  return kotlinType({ kind: 'map', key: shapeOf('map', key), value: shapeOf('map', value) });
}

/** A nullable type: `null`, on write also `undefined`. */
export function nullable(type: KotlinType): KotlinType {
  const of = shapeOf('nullable', type);
  return of.kind === 'nullable' ? kotlinType(of) : kotlinType({ kind: 'nullable', of });
}

/** `java.util.Optional`: its value, or `undefined` if empty. Reflection format only. */
export function optional(type: KotlinType): KotlinType {
  return kotlinType({ kind: 'optional', of: shapeOf('optional', type) });
}

/** A class with declared fields, or the `@Sealed` parent of several. */
export function nested(type: () => KotlinClass): KotlinType {
  return kotlinType({ kind: 'class', type });
}

/**
 * The Kotlin property has the same default as this field's initial value: JSON omits the field if it has this value.
 */
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
