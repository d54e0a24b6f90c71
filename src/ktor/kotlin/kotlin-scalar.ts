import {
  javaBigDecimal,
  javaDouble,
  javaFloat,
  javaUuid,
  MAX_BIG_INTEGER_DIGITS,
  parseJavaBigInteger,
  parseJavaDouble,
  parseJavaInteger,
  parseJavaLong,
} from './java-number.js';
import type { ScalarShape } from './kotlin-shape.js';
import { Unreadable, Unwritable } from '../formats/format-errors.js';

const BITS = { byte: 8, short: 16, int: 32 } as const;
const LONE_SURROGATE = /\p{Surrogate}/u;
const SHORTEST_UUID = 36;

export function scalarText(shape: ScalarShape, value: unknown): string {
  switch (shape.kind) {
    case 'string':
      return wellFormed(typeof value === 'string' ? value : rejectType(shape, value));
    case 'char':
      if (typeof value !== 'string' || value.length !== 1)
        throw new Unwritable('a Char must be a string of one UTF-16 unit');
      return wellFormed(value);
    case 'boolean':
      return String(typeof value === 'boolean' ? value : rejectType(shape, value));
    case 'byte':
    case 'short':
    case 'int':
      return integerText(value, BITS[shape.kind]);
    case 'long':
      return longText(value, shape.as);
    case 'float':
      if (typeof value !== 'number') rejectType(shape, value);
      if (!Object.is(Math.fround(value), value)) {
        throw new Unwritable('it has more digits than a Float holds', 'Use Math.fround(), or declare it as @double().');
      }
      return javaFloat(value);
    case 'double':
      return javaDouble(typeof value === 'number' ? value : rejectType(shape, value));
    case 'bigDecimal':
      return (typeof value === 'string' ? javaBigDecimal(value) : undefined) ?? rejectType(shape, value);
    case 'bigInteger':
      return bigIntegerText(typeof value === 'bigint' ? value : rejectType(shape, value));
    case 'uuid':
      return uuidText(value);
    case 'enum':
      if (!shape.names.includes(value as string)) throw new Unwritable('it is not a constant of the enum');
      return wellFormed(value as string);
  }
}

export function scalarValue(shape: ScalarShape, text: string): unknown {
  switch (shape.kind) {
    case 'string':
      return text;
    case 'char':
      return text.length === 1 ? text : unreadable('not one character');
    case 'boolean':
      return text === 'true' || (text !== 'false' && unreadable('neither true nor false'));
    case 'byte':
    case 'short':
    case 'int':
      return parseJavaInteger(text, BITS[shape.kind]);
    case 'long':
      return shape.as === 'bigint' ? parseJavaLong(text) : safeNumber(parseJavaLong(text));
    case 'float':
      return Math.fround(parseJavaDouble(text));
    case 'double':
      return parseJavaDouble(text);
    case 'bigDecimal':
      return javaBigDecimal(text) ?? unreadable('not a decimal');
    case 'bigInteger':
      return parseJavaBigInteger(text);
    case 'uuid':
      return javaUuid(text) ?? unreadable('not a UUID');
    case 'enum':
      return shape.names.includes(text) ? text : unreadable('not a constant of the enum');
  }
}

function integerText(value: unknown, bits: 8 | 16 | 32): string {
  const limit = 2 ** (bits - 1);
  if (Number.isInteger(value) && (value as number) >= -limit && (value as number) < limit) return String(value);
  throw new Unwritable(
    `it is not an integer of ${bits} bits`,
    'Keep it in range, or declare the field as in Kotlin: @long(), @double().',
  );
}

function longText(value: unknown, as: 'bigint' | 'number'): string {
  if (as === 'bigint') {
    if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return String(value);
    throw new Unwritable("a Long must be a bigint of 64 bits. Declare it as @long('number') to use numbers");
  }
  if (Number.isSafeInteger(value)) return String(value);
  throw new Unwritable('it is not a safe integer. Declare it as @long() and use bigint');
}

function bigIntegerText(value: bigint): string {
  const text = String(value);
  if (text.length > MAX_BIG_INTEGER_DIGITS) throw new Unwritable(`it has more than ${MAX_BIG_INTEGER_DIGITS} digits`);
  return text;
}

function uuidText(value: unknown): string {
  const text = typeof value === 'string' && value.length === SHORTEST_UUID ? javaUuid(value) : undefined;
  if (text === undefined) throw new Unwritable('it is not a UUID such as 123e4567-e89b-12d3-a456-426614174000');
  return text;
}

function wellFormed(text: string): string {
  if (LONE_SURROGATE.test(text)) throw new Unwritable('it contains a lone surrogate');
  return text;
}

function safeNumber(value: bigint): number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : unreadable('a Long beyond the safe integers');
}

function rejectType(shape: ScalarShape, value: unknown): never {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
  throw new Unwritable(`it is declared as @${shape.kind}() but is ${kind}`);
}

function unreadable(problem: string): never {
  throw new Unreadable(problem);
}
