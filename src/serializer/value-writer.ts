import { escaped, isNeverStored, MAX_DEPTH, tagOfNumber, TAG_OF_UNDEFINED, type Fields } from './tagged-value.js';
import {
  classNameOf,
  rejectUndeclared,
  scalarOf,
  type UndeclaredClass,
  UndeclaredClasses,
} from './undeclared-class.js';
import { UnwritableValue } from './unwritable-value.js';
import { kindOf, type ValueKind } from './value-kind.js';

export type WriteValue = (value: unknown, depth: number) => unknown;

export class ValueWriter {
  readonly #writeInstance: (value: object, depth: number) => unknown;
  readonly #kinds = new WeakMap<object, ValueKind>();
  readonly #undeclaredClasses = new UndeclaredClasses();

  constructor(writeInstance: (value: object, depth: number) => unknown) {
    this.#writeInstance = writeInstance;
  }

  readonly write: WriteValue = (value, depth) => {
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : tagOfNumber(value);
    if (typeof value === 'object') return value === null ? null : this.#object(value, depth);
    if (typeof value === 'boolean') return value;
    if (typeof value === 'undefined') return TAG_OF_UNDEFINED;
    if (typeof value === 'bigint') return { '#bigint': `${value}` };
    throw new UnwritableValue(`it is a ${typeof value}`);
  };

  kindOf(value: object): ValueKind {
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === Object.prototype || prototype === null) return 'plain';
    let kind = this.#kinds.get(prototype);
    if (kind === undefined) this.#kinds.set(prototype, (kind = kindOf(prototype)));
    return kind;
  }

  /** `undefined` for other kinds of values. */
  container(value: object, depth: number, write: WriteValue): unknown {
    if (Array.isArray(value)) return this.#list(value, value as unknown[], depth, write);
    const kind = this.kindOf(value);
    if (kind === 'set') return { '#set': this.#list(value, [...(value as Set<unknown>)], depth, write) };
    return kind === 'map' ? this.#map(value as Map<unknown, unknown>, depth, write) : undefined;
  }

  record(value: object, depth: number, write: WriteValue): object {
    assertDepth(depth);
    if (Object.getOwnPropertySymbols(value).some((key) => Object.prototype.propertyIsEnumerable.call(value, key))) {
      throw new UnwritableValue('it has a property under a symbol');
    }
    const written: Fields = {};
    try {
      for (const name of Object.keys(value)) {
        if (!isNeverStored(name)) written[name] = write((value as Fields)[name], depth + 1);
      }
    } catch (error) {
      throw UnwritableValue.within(error, value, undefined);
    }
    return escaped(written);
  }

  undeclaredClass(value: object): UndeclaredClass {
    return this.undeclaredClassOf(Object.getPrototypeOf(value) as object);
  }

  undeclaredClassOf(prototype: object): UndeclaredClass {
    return this.#undeclaredClasses.of(prototype);
  }

  #object(value: object, depth: number): unknown {
    if (Array.isArray(value)) {
      const isUsual = Object.getPrototypeOf(value) === Array.prototype;
      return (isUsual ? undefined : this.#scalar(value)) ?? this.#list(value, value as unknown[], depth, this.write);
    }
    const kind = this.kindOf(value);
    switch (kind) {
      case 'plain':
        return this.record(value, depth, this.write);
      case 'class':
        return this.#writeInstance(value, depth);
      case 'exotic':
        throw hiddenContentError(value);
      case 'array':
      case 'date':
      case 'map':
      case 'set':
      case 'bytes':
        return (isUsual(value) ? undefined : this.#scalar(value)) ?? this.#builtIn(kind, value, depth);
    }
  }

  /** A subclass of a built-in would be read as the built-in. */
  #scalar(value: object): string | number | object | undefined {
    const undeclaredClass = this.undeclaredClass(value);
    if (undeclaredClass.problem === undefined || Buffer.isBuffer(value)) return undefined;
    const scalar = undeclaredClass.convertsItself ? scalarOf(value) : undefined;
    if (scalar === undefined) rejectUndeclared(undeclaredClass, undeclaredClass.problem);
    return this.write(scalar, 0) as string | number | object;
  }

  #builtIn(kind: 'array' | 'date' | 'map' | 'set' | 'bytes', value: object, depth: number): unknown {
    switch (kind) {
      case 'array':
        return this.record(value, depth, this.write);
      case 'date':
        return writtenDate(value as Date);
      case 'map':
        return this.#map(value as Map<unknown, unknown>, depth, this.write);
      case 'set':
        return { '#set': this.#list(value, [...(value as Set<unknown>)], depth, this.write) };
      case 'bytes':
        return writtenBytes(value as Uint8Array);
    }
  }

  #list(holder: object, values: readonly unknown[], depth: number, write: WriteValue): unknown[] {
    assertDepth(depth);
    const written: unknown[] = [];
    let index = 0;
    try {
      for (; index < values.length; index++) written.push(write(values[index], depth + 1));
    } catch (error) {
      throw UnwritableValue.within(error, holder, index);
    }
    return written;
  }

  #map(map: Map<unknown, unknown>, depth: number, write: WriteValue): object {
    assertDepth(depth);
    const written: Array<[unknown, unknown]> = [];
    try {
      for (const [key, value] of map) written.push([this.write(key, depth + 1), write(value, depth + 1)]);
    } catch (error) {
      throw UnwritableValue.within(error, map, written.length);
    }
    return { '#map': written };
  }
}

function isUsual(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === Date.prototype || prototype === Map.prototype || prototype === Set.prototype;
}

export function assertDepth(depth: number): void {
  if (depth > MAX_DEPTH) throw new UnwritableValue(`it is nested more than ${MAX_DEPTH} levels deep`);
}

export function hiddenContentError(value: object): UnwritableValue {
  return new UnwritableValue(`it is an instance of ${classNameOf(value)}, whose content is not in its fields`);
}

export function writtenDate(date: Date): object {
  const time = date.getTime();
  return { '#date': Number.isNaN(time) ? null : time };
}

function writtenBytes(bytes: Uint8Array): object {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('base64');
  return Buffer.isBuffer(bytes) ? { '#bytes': text } : { '#uint8array': text };
}
