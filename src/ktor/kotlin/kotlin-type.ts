import { SessionConfigurationError } from '../../errors/session.errors.js';
import { declareField } from './kotlin-declaration.js';
import type { KotlinClass, KotlinShape } from './kotlin-shape.js';

/**
 * The Kotlin type of a field. Stands as a decorator over a field, or as a value in {@link kotlinFields}:
 *
 * ```ts
 * class CartSession {
 *   @string() userId = '';
 *   @list(int()) productIds: number[] = [];
 *   @nullable(long()) seenAt: bigint | null = null;
 * }
 * ```
 *
 * One declaration serves all formats of Ktor. JavaScript cannot see whether a number is an `Int` or a `Double`, so a
 * field that holds one must say it.
 */
export interface KotlinType {
  (target: object, property: string | symbol): void;
  readonly shape: KotlinShape;
  /** The Kotlin property has a default value. */
  readonly hasDefault: boolean;
}

/** `String`. A text with half a surrogate pair is refused on write: it would arrive as `?`. */
export function string(): KotlinType {
  return kotlinType({ kind: 'string' });
}

/** `Char`: a text of one UTF-16 unit. */
export function char(): KotlinType {
  return kotlinType({ kind: 'char' });
}

/** `Boolean`. */
export function boolean(): KotlinType {
  return kotlinType({ kind: 'boolean' });
}

/** `Byte`: a whole number from -128 to 127. JSON only, the text formats of Ktor lose it. */
export function byte(): KotlinType {
  return kotlinType({ kind: 'byte' });
}

/** `Short`: a whole number of 16 bits. JSON only, the text formats of Ktor lose it. */
export function short(): KotlinType {
  return kotlinType({ kind: 'short' });
}

/** `Int`: a whole number of 32 bits. */
export function int(): KotlinType {
  return kotlinType({ kind: 'int' });
}

/**
 * `Long`: a whole number of 64 bits, as a bigint. As `number` it is checked in both directions: beyond ±2⁵³ it is
 * refused on write, and on read the session cannot be understood.
 */
export function long(as: 'bigint' | 'number' = 'bigint'): KotlinType {
  if (as !== 'bigint' && as !== 'number') throw new SessionConfigurationError("long() is 'bigint' or 'number'.");
  return kotlinType({ kind: 'long', as });
}

/** `Float`: a number that single precision holds, such as one that `Math.fround` gives; others are refused. */
export function float(): KotlinType {
  return kotlinType({ kind: 'float' });
}

/** `Double`: any number. JSON has no NaN and no infinities, and refuses them. */
export function double(): KotlinType {
  return kotlinType({ kind: 'double' });
}

/** `java.math.BigDecimal`, as its text: `1.10`, `1E+3`. Other spellings of a decimal are written as Java's. */
export function bigDecimal(): KotlinType {
  return kotlinType({ kind: 'bigDecimal' });
}

/** `java.math.BigInteger`, as a bigint. */
export function bigInteger(): KotlinType {
  return kotlinType({ kind: 'bigInteger' });
}

/** `java.util.UUID`, as its text of 36 characters in lower case. */
export function uuid(): KotlinType {
  return kotlinType({ kind: 'uuid' });
}

/**
 * An enum class, as the name of the constant: `enumOf('A', 'B')`, or of a TypeScript enum whose values are texts.
 * @throws {SessionConfigurationError} for a numeric enum or one without constants.
 */
export function enumOf(...names: readonly string[] | readonly [Readonly<Record<string, string>>]): KotlinType {
  const [first] = names;
  const values = typeof first === 'object' ? Object.values(first) : (names as readonly string[]);
  if (values.length === 0 || !values.every((name) => typeof name === 'string')) {
    throw new SessionConfigurationError("enumOf() takes the names of the constants: enumOf('A', 'B').");
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

/** A type with a question mark: `null`, and on write also `undefined`. */
export function nullable(type: KotlinType): KotlinType {
  const of = shapeOf('nullable', type);
  return of.kind === 'nullable' ? kotlinType(of) : kotlinType({ kind: 'nullable', of });
}

/** `java.util.Optional`: its value, or `undefined` for an empty one. The reflection format only. */
export function optional(type: KotlinType): KotlinType {
  return kotlinType({ kind: 'optional', of: shapeOf('optional', type) });
}

/** Another class whose fields are declared, or the `@Sealed` parent of several. */
export function nested(type: () => KotlinClass): KotlinType {
  return kotlinType({ kind: 'class', type });
}

/**
 * The Kotlin property has a default value, the same as the initializer of the field gives: JSON leaves the field out
 * where it holds that value, and a text without the field reads as it.
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
    throw new SessionConfigurationError(`${holder}() takes a Kotlin type, such as ${holder}(string()).`);
  }
  if (type.hasDefault)
    throw new SessionConfigurationError(`Write defaulted(${holder}(…)), not ${holder}(defaulted(…)).`);
  return type.shape;
}
