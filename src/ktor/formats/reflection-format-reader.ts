import { decodeQuery, FormDocument } from './form-encoding.js';
import type { KotlinClassPlan, KotlinClassPlans } from '../kotlin/kotlin-class-plan.js';
import { MAX_DEPTH } from '../kotlin/kotlin-instance.js';
import { scalarValue } from '../kotlin/kotlin-scalar.js';
import { isScalar, withoutNull, type KotlinClass, type KotlinShape, type ScalarShape } from '../kotlin/kotlin-shape.js';
import { TYPE_NAME } from './reflection-format-writer.js';
import { Unreadable } from './format-errors.js';

const TAG_OF: Readonly<Record<Exclude<ScalarShape['kind'], 'boolean' | 'char' | 'float'>, string>> = {
  string: '#s',
  byte: '#i',
  short: '#i',
  int: '#i',
  long: '#l',
  double: '#f',
  bigDecimal: '#bd',
  bigInteger: '#bi',
  uuid: '#s',
  enum: '#s',
};

export class ReflectionFormatReader {
  readonly #plans: KotlinClassPlans;

  constructor(plans: KotlinClassPlans) {
    this.#plans = plans;
  }

  read(type: KotlinClass, text: string, depth = 0): object {
    if (depth > MAX_DEPTH) throw new Unreadable('nested too deep');
    const document = new FormDocument(text);
    const plan = this.#choose(type, document);
    const instance = plan.create();
    for (const { property, shape, hasDefault, isComputed } of plan.fields) {
      if (isComputed) continue;
      const tagged = document.get(property);
      if (tagged !== undefined) instance[property] = this.#value(shape, tagged, depth);
      else if (!hasDefault || document.has(property)) throw new Unreadable('a field is missing');
    }
    return instance;
  }

  #choose(type: KotlinClass, document: FormDocument): KotlinClassPlan {
    const plan = this.#plans.of(type);
    const name = document.get(TYPE_NAME);
    if (!plan.subclasses) {
      if (name !== undefined && name !== plan.simpleName) throw new Unreadable('another class');
      return plan;
    }
    const named = plan.subclasses.map((subclass) => this.#plans.of(subclass)).find((one) => one.simpleName === name);
    if (!named || named.subclasses) throw new Unreadable('not a subclass of the sealed class');
    return named;
  }

  #value(shape: KotlinShape, tagged: string, depth: number): unknown {
    if (!tagged.startsWith('#')) throw new Unreadable('a value without tag');
    if (tagged.length === 1 || tagged.startsWith('#n')) {
      if (shape.kind === 'nullable') return null;
      throw new Unreadable('null in a field that is not nullable');
    }
    const held = withoutNull(shape);
    if (isScalar(held)) return readTaggedScalar(held, tagged);
    switch (held.kind) {
      case 'class':
        return this.read(held.type(), payload(tagged, '##'), depth + 1);
      case 'optional':
        return this.#optional(held.of, tagged, depth);
      case 'list':
        return this.#elements(held.element, tagged, depth);
      case 'set':
        return new Set(this.#elements(held.element, tagged, depth));
      case 'map':
        return this.#entries(held, payload(tagged, '#m'), depth);
      case 'nullable':
        return this.#value(held, tagged, depth);
    }
  }

  #optional(of: KotlinShape, tagged: string, depth: number): unknown {
    if (tagged.startsWith('#om')) return undefined;
    const value = payload(tagged, '#op');
    return value === '#' || value.startsWith('#n') ? undefined : this.#value(of, value, depth);
  }

  // A field may have been a Set before.
  #elements(element: KotlinShape, tagged: string, depth: number): unknown[] {
    const isSet = tagged.startsWith('#cs');
    const values = readParts(payload(tagged, isSet ? '#cs' : '#cl'), (part) =>
      this.#value(element, decodeQuery(part), depth),
    );
    return isSet ? [...new Set(values)] : values;
  }

  #entries(shape: KotlinShape & { kind: 'map' }, text: string, depth: number): Map<unknown, unknown> {
    const entries = new Map<unknown, unknown>();
    readParts(text, (part) => {
      const equals = part.indexOf('=');
      const key = equals === -1 ? part : part.slice(0, equals);
      entries.set(
        this.#value(shape.key, decodeQuery(key), depth),
        this.#value(shape.value, decodeQuery(part.slice(equals + 1)), depth),
      );
    });
    return entries;
  }
}

export function readParts<T>(text: string, read: (part: string) => T): T[] {
  const decoded = decodeQuery(text);
  const values: T[] = [];
  for (let start = 0; start < decoded.length;) {
    const ampersand = decoded.indexOf('&', start);
    const end = ampersand === -1 ? decoded.length : ampersand;
    if (end > start) values.push(read(decoded.slice(start, end)));
    start = end + 1;
  }
  return values;
}

export function payload(tagged: string, tag: string): string {
  if (!tagged.startsWith(tag)) throw new Unreadable('a value of another type');
  return tagged.slice(tag.length);
}

function readTaggedScalar(shape: ScalarShape, tagged: string): unknown {
  switch (shape.kind) {
    case 'boolean':
      if (tagged.startsWith('#bot')) return true;
      if (tagged.startsWith('#bof')) return false;
      throw new Unreadable('neither true nor false');
    case 'char':
      return scalarValue(shape, payload(tagged, '#ch').slice(0, 1));
    case 'float':
      // Only Float accepts other numbers.
      return scalarValue(shape, tagged.replace(/^#(?:f|i|l|bd|bi)/, ''));
    case 'string':
    case 'byte':
    case 'short':
    case 'int':
    case 'long':
    case 'double':
    case 'bigDecimal':
    case 'bigInteger':
    case 'uuid':
    case 'enum':
      return scalarValue(shape, payload(tagged, TAG_OF[shape.kind]));
  }
}
