import { decodeQuery, FormDocument } from './form-encoding.js';
import { valueClassOf, wrapped } from '../kotlin/inlined-value.js';
import type { KotlinClassPlan, KotlinClassPlans } from '../kotlin/kotlin-class-plan.js';
import { concreteClasses, MAX_DEPTH } from '../kotlin/kotlin-instance.js';
import { scalarValue } from '../kotlin/kotlin-scalar.js';
import { isScalar, type KotlinClass, type KotlinShape, type ScalarShape } from '../kotlin/kotlin-shape.js';
import { payload, readParts } from './reflection-format-reader.js';
import { Unreadable } from './format-errors.js';

export class BackwardCompatibleFormatReader {
  readonly #plans: KotlinClassPlans;

  constructor(plans: KotlinClassPlans) {
    this.#plans = plans;
  }

  read(type: KotlinClass, text: string): object {
    const plan = this.#plans.of(type);
    if (!plan.subclasses) return this.#object(plan, text, 0);
    const document = new FormDocument(text);
    const name = payload(document.get('type') ?? '', '#s');
    const named = concreteClasses(this.#plans, type).find(({ serialName }) => serialName === name);
    if (!named) throw new Unreadable('not a subclass of the sealed class');
    return this.#object(named, payload(document.get('value') ?? '', '##'), 1);
  }

  #object(plan: KotlinClassPlan, text: string, depth: number): object {
    if (depth > MAX_DEPTH) throw new Unreadable('nested too deep');
    const document = new FormDocument(text);
    const fields = plan.fields.filter(({ isComputed }) => !isComputed);
    const known = new Set(fields.map(({ serialName }) => serialName));
    if (!document.names.every((name) => known.has(name))) throw new Unreadable('an unknown field');
    const instance = plan.create();
    for (const { property, serialName, shape, hasDefault } of fields) {
      const tagged = document.get(serialName);
      if (tagged !== undefined) instance[property] = this.#value(shape, tagged, depth);
      else if (!hasDefault || document.has(serialName)) throw new Unreadable('a field is missing');
    }
    return instance;
  }

  #value(shape: KotlinShape, tagged: string, depth: number): unknown {
    if (shape.kind === 'nullable') return tagged === '#n' ? null : this.#value(shape.of, tagged, depth);
    if (isScalar(shape)) return readTagged(shape, tagged);
    switch (shape.kind) {
      case 'class': {
        const valueClass = valueClassOf(this.#plans, shape);
        if (valueClass) return wrapped(valueClass, this.#value(valueClass.fields[0]!.shape, tagged, depth));
        return this.#object(this.#plans.of(shape.type()), payload(tagged, '##'), depth + 1);
      }
      case 'list':
        return this.#elements(shape.element, tagged, depth);
      case 'set':
        return new Set(this.#elements(shape.element, tagged, depth));
      case 'map':
        return this.#entries(shape, payload(tagged, '#m'), depth);
      case 'optional':
        throw new Unreadable('an Optional');
    }
  }

  #elements(element: KotlinShape, tagged: string, depth: number): unknown[] {
    const text = tagged.startsWith('#cs') ? payload(tagged, '#cs') : payload(tagged, '#cl');
    return readParts(text, (part) => this.#value(element, decodeQuery(part), depth));
  }

  #entries(shape: KotlinShape & { kind: 'map' }, text: string, depth: number): Map<unknown, unknown> {
    const entries = new Map<unknown, unknown>();
    readParts(text, (part) => {
      const equals = part.indexOf('=');
      if (equals === -1) throw new Unreadable('an entry without value');
      entries.set(
        this.#value(shape.key, decodeQuery(part.slice(0, equals)), depth),
        this.#value(shape.value, decodeQuery(part.slice(equals + 1)), depth),
      );
    });
    return entries;
  }
}

const NUMBER = /^#[ilf]/;

// As in Ktor, an Int may have become a Long.
function readTagged(shape: ScalarShape, tagged: string): unknown {
  switch (shape.kind) {
    case 'boolean':
      if (tagged === '#bot') return true;
      if (tagged === '#bof') return false;
      throw new Unreadable('neither true nor false');
    case 'char':
      return scalarValue(shape, payload(tagged, '#ch'));
    case 'byte':
    case 'short':
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      if (!NUMBER.test(tagged)) throw new Unreadable('not a number');
      return scalarValue(shape, tagged.slice(2));
    case 'bigDecimal':
    case 'bigInteger':
      return scalarValue(shape, tagged.replace(/^#(?:s|bd|bi)/, ''));
    case 'string':
    case 'uuid':
    case 'enum':
      return scalarValue(shape, payload(tagged, '#s'));
  }
}
