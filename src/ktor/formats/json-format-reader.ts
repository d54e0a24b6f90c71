import { valueClassOf, wrapped } from '../kotlin/inlined-value.js';
import { BareWord, type JsonNode } from './json-node.js';
import type { KotlinClassPlan, KotlinClassPlans } from '../kotlin/kotlin-class-plan.js';
import { concreteClasses, MAX_DEPTH_IN_JSON } from '../kotlin/kotlin-instance.js';
import { scalarValue } from '../kotlin/kotlin-scalar.js';
import { isScalar, type KotlinClass, type KotlinShape, type ScalarShape } from '../kotlin/kotlin-shape.js';
import type { KotlinxJsonOptions } from './kotlinx-json-options.js';
import { Unreadable } from './format-errors.js';

const BARE: ReadonlySet<string> = new Set(['boolean', 'byte', 'short', 'int', 'long', 'float', 'double', 'char']);

export class JsonFormatReader {
  readonly #plans: KotlinClassPlans;
  readonly #options: Required<KotlinxJsonOptions>;

  constructor(plans: KotlinClassPlans, options: Required<KotlinxJsonOptions>) {
    this.#plans = plans;
    this.#options = options;
  }

  read(expected: KotlinClass, node: JsonNode): unknown {
    return this.#value({ kind: 'class', type: () => expected }, node, -1);
  }

  #value(shape: KotlinShape, node: JsonNode, depth: number): unknown {
    if (shape.kind === 'nullable') {
      return node instanceof BareWord && node.text === 'null' ? null : this.#value(shape.of, node, depth);
    }
    if (isScalar(shape)) return readScalar(shape, node);
    switch (shape.kind) {
      case 'class':
        return this.#object(shape, node, depth + 1);
      case 'list':
        return this.#elements(shape.element, node, depth);
      case 'set':
        return new Set(this.#elements(shape.element, node, depth));
      case 'map':
        return new Map(
          Array.from(fieldsOf(node), ([key, value]) => [
            this.#value(shape.key, key, depth),
            this.#value(shape.value, value, depth),
          ]),
        );
      case 'optional':
        throw new Unreadable('an Optional');
    }
  }

  #elements(shape: KotlinShape, node: JsonNode, depth: number): unknown[] {
    const nodes = elementsOf(node);
    if (isScalar(shape)) return nodes.map((element) => readScalar(shape, element));
    return nodes.map((element) => this.#value(shape, element, depth));
  }

  #object(shape: KotlinShape & { kind: 'class' }, node: JsonNode, depth: number): object {
    if (depth > MAX_DEPTH_IN_JSON) throw new Unreadable('nested too deep');
    const valueClass = valueClassOf(this.#plans, shape);
    if (valueClass) return wrapped(valueClass, this.#value(valueClass.fields[0]!.shape, node, depth));
    const fields = fieldsOf(node);
    const plan = this.#choose(shape.type(), fields);
    const isSealed = plan.type !== shape.type();
    const known = new Set(plan.fields.filter(({ isComputed }) => !isComputed).map(({ serialName }) => serialName));
    for (const name of fields.keys()) {
      if (known.has(name) || (isSealed && name === this.#options.classDiscriminator)) continue;
      if (!this.#options.ignoreUnknownKeys) throw new Unreadable('an unknown field');
    }
    return this.#fill(plan, fields, depth);
  }

  #fill(plan: KotlinClassPlan, fields: ReadonlyMap<string, JsonNode>, depth: number): object {
    const instance = plan.create();
    for (const { property, serialName, shape, hasDefault, isComputed } of plan.fields) {
      if (isComputed) continue;
      const node = fields.get(serialName);
      if (node !== undefined) instance[property] = this.#value(shape, node, depth);
      else if (hasDefault) continue;
      else if (shape.kind === 'nullable' && !this.#options.explicitNulls) instance[property] = null;
      else throw new Unreadable('a field is missing');
    }
    return instance;
  }

  #choose(type: KotlinClass, fields: ReadonlyMap<string, JsonNode>): KotlinClassPlan {
    const plan = this.#plans.of(type);
    if (!plan.subclasses) return plan;
    const name = fields.get(this.#options.classDiscriminator);
    const named = concreteClasses(this.#plans, type).find(({ serialName }) => name === serialName);
    if (!named) throw new Unreadable('not a subclass of the sealed class');
    return named;
  }
}

function readScalar(shape: ScalarShape, node: JsonNode): unknown {
  const number = typeof node === 'number' ? readNumber(shape.kind, node) : undefined;
  if (number !== undefined) return number;
  const text = textOf(node);
  if (typeof node !== 'string' && !BARE.has(shape.kind)) throw new Unreadable('a string without quotes');
  switch (shape.kind) {
    case 'boolean':
      return scalarValue(shape, text.toLowerCase());
    case 'byte':
    case 'short':
    case 'int':
    case 'long':
      return scalarValue(shape, withoutExponent(text));
    case 'float':
    case 'double': {
      const value = scalarValue(shape, text);
      if (!Number.isFinite(value)) throw new Unreadable('not a finite number');
      return value;
    }
    case 'string':
    case 'char':
    case 'enum':
    case 'bigDecimal':
    case 'bigInteger':
    case 'uuid':
      return scalarValue(shape, text);
  }
}

function readNumber(kind: ScalarShape['kind'], value: number): number | undefined {
  if (kind === 'int') return inRange(value, 0x7fff_ffff);
  if (kind === 'short') return inRange(value, 0x7fff);
  if (kind === 'byte') return inRange(value, 0x7f);
  return kind === 'double' ? value : undefined;
}

function inRange(value: number, largest: number): number {
  if (value > largest || value < -largest - 1) throw new Unreadable('an integer out of range');
  return value;
}

function textOf(node: JsonNode): string {
  if (typeof node === 'string') return node;
  if (typeof node === 'number') return String(node);
  if (node instanceof BareWord) return node.text;
  throw new Unreadable('an object or array instead of a simple value');
}

const WITH_EXPONENT = /^-?\d{1,19}[eE][+-]?\d{1,4}$/;

// kotlinx accepts 1e3 as an integer, but not +1.
function withoutExponent(text: string): string {
  if (text.startsWith('+')) throw new Unreadable('a number with a plus sign');
  if (!WITH_EXPONENT.test(text)) return text;
  const value = Number(text);
  if (!Number.isInteger(value) || Math.abs(value) > 2 ** 63) throw new Unreadable('not an integer');
  return String(BigInt(value));
}

function elementsOf(node: JsonNode): readonly JsonNode[] {
  if (!Array.isArray(node)) throw new Unreadable('not an array');
  return node as readonly JsonNode[];
}

function fieldsOf(node: JsonNode): ReadonlyMap<string, JsonNode> {
  if (!(node instanceof Map)) throw new Unreadable('not an object');
  return node as ReadonlyMap<string, JsonNode>;
}
