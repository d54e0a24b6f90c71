import { textOfNumber, textOfString } from './json-text.js';
import { closeObject, isForbidden, MAX_DEPTH, TEXT_OF_UNDEFINED } from './tagged-value.js';
import { UnwritableValue } from './unwritable-value.js';
import { kindOf, type ValueKind } from './value-kind.js';

/** @returns the JSON text of a value that stands `depth` levels deep. */
export type WriteValue = (value: unknown, depth: number) => string;

/** Writes values of which no decorator says anything: JSON, with tags for what JSON does not have. */
export class ValueWriter {
  readonly #writeInstance: (value: object, depth: number) => string;
  readonly #kinds = new WeakMap<object, ValueKind>();

  /** @param writeInstance writes an instance of a class. */
  constructor(writeInstance: (value: object, depth: number) => string) {
    this.#writeInstance = writeInstance;
  }

  readonly write: WriteValue = (value, depth) => {
    if (typeof value === 'string') return textOfString(value);
    if (typeof value === 'number') return textOfNumber(value);
    if (typeof value === 'object') return value === null ? 'null' : this.#object(value, depth);
    if (typeof value === 'boolean') return value ? 'true' : 'false';
    if (typeof value === 'undefined') return TEXT_OF_UNDEFINED;
    if (typeof value === 'bigint') return `{"#bigint":"${value}"}`;
    throw new UnwritableValue(`it is a ${typeof value}`);
  };

  kindOf(value: object): ValueKind {
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === Object.prototype || prototype === null) return 'plain';
    let kind = this.#kinds.get(prototype);
    if (kind === undefined) this.#kinds.set(prototype, (kind = kindOf(prototype)));
    return kind;
  }

  /** An array, Map or Set with `write` for what stands in it; `undefined` for anything else. */
  container(value: object, depth: number, write: WriteValue): string | undefined {
    if (Array.isArray(value)) return this.#list(value, value as unknown[], depth, write);
    const kind = this.kindOf(value);
    if (kind === 'set') return `{"#set":${this.#list(value, [...(value as Set<unknown>)], depth, write)}}`;
    return kind === 'map' ? this.#map(value as Map<unknown, unknown>, depth, write) : undefined;
  }

  /** A plain object, field by field in its own order. */
  record(value: object, depth: number, write: WriteValue): string {
    assertDepth(depth);
    let text = '';
    let count = 0;
    let name = '';
    try {
      for (name of Object.keys(value)) {
        if (isForbidden(name)) continue;
        text += `${count++ === 0 ? '{' : ','}${textOfString(name)}:${write((value as Record<string, unknown>)[name], depth + 1)}`;
      }
    } catch (error) {
      throw UnwritableValue.within(error, value, name);
    }
    return closeObject(text, count);
  }

  #object(value: object, depth: number): string {
    if (Array.isArray(value)) return this.#list(value, value as unknown[], depth, this.write);
    switch (this.kindOf(value)) {
      case 'plain':
      case 'array':
        return this.record(value, depth, this.write);
      case 'class':
        return this.#writeInstance(value, depth);
      case 'date':
        return textOfDate(value as Date);
      case 'map':
        return this.#map(value as Map<unknown, unknown>, depth, this.write);
      case 'set':
        return `{"#set":${this.#list(value, [...(value as Set<unknown>)], depth, this.write)}}`;
      case 'bytes':
        return textOfBytes(value as Uint8Array);
      case 'exotic':
        throw exotic(value);
    }
  }

  #list(holder: object, values: readonly unknown[], depth: number, write: WriteValue): string {
    assertDepth(depth);
    let text = '';
    let index = 0;
    try {
      for (; index < values.length; index++) text += `${index === 0 ? '' : ','}${write(values[index], depth + 1)}`;
    } catch (error) {
      throw UnwritableValue.within(error, holder, index);
    }
    return `[${text}]`;
  }

  #map(map: Map<unknown, unknown>, depth: number, write: WriteValue): string {
    assertDepth(depth);
    let text = '';
    let index = 0;
    try {
      for (const [key, value] of map) {
        text += `${index++ === 0 ? '' : ','}[${this.write(key, depth + 1)},${write(value, depth + 1)}]`;
      }
    } catch (error) {
      throw UnwritableValue.within(error, map, index - 1);
    }
    return `{"#map":[${text}]}`;
  }
}

/** @throws {UnwritableValue} */
export function assertDepth(depth: number): void {
  if (depth > MAX_DEPTH) throw new UnwritableValue(`it stands more than ${MAX_DEPTH} levels deep`);
}

/** The error for an object whose content no field shows: a Promise, a URL, an Error. */
export function exotic(value: object): UnwritableValue {
  return new UnwritableValue(`it is of the class ${value.constructor.name}, which shows its content in no field`);
}

function textOfDate(date: Date): string {
  const time = date.getTime();
  return `{"#date":${Number.isNaN(time) ? 'null' : time}}`;
}

function textOfBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return `{"${Buffer.isBuffer(bytes) ? '#bytes' : '#uint8array'}":"${buffer.toString('base64')}"}`;
}
