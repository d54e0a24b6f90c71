import { valueClassOf, wrapped } from './inlined-value.js';
import type { JsonNode } from './json-node.js';
import type { KotlinClassPlan, KotlinClassPlans } from './kotlin-class-plan.js';
import { concreteClasses, DEEPEST } from './kotlin-instance.js';
import { scalarValue } from './kotlin-scalar.js';
import { isScalar, type KotlinClass, type KotlinShape, type ScalarShape } from './kotlin-shape.js';
import type { KotlinxJsonOptions } from './kotlinx-json-options.js';
import { Unreadable } from './unreadable.js';

/** Kotlin types that JSON writes bare; kotlinx reads them quoted, too. */
const BARE: ReadonlySet<string> = new Set(['boolean', 'byte', 'short', 'int', 'long', 'float', 'double']);

/** Reads JSON as kotlinx does. */
export class JsonFormatReader {
  readonly #plans: KotlinClassPlans;
  readonly #options: Required<KotlinxJsonOptions>;

  constructor(plans: KotlinClassPlans, options: Required<KotlinxJsonOptions>) {
    this.#plans = plans;
    this.#options = options;
  }

  /** @throws {Unreadable} */
  read(expected: KotlinClass, node: JsonNode): unknown {
    return this.#value({ kind: 'class', type: () => expected }, node, -1);
  }

  #value(shape: KotlinShape, node: JsonNode, depth: number): unknown {
    if (shape.kind === 'nullable') {
      return node.kind === 'bare' && node.text === 'null' ? null : this.#value(shape.of, node, depth);
    }
    if (isScalar(shape)) return readScalar(shape, node);
    switch (shape.kind) {
      case 'class':
        return this.#object(shape, node, depth + 1);
      case 'list':
        return elementsOf(node).map((element) => this.#value(shape.element, element, depth));
      case 'set':
        return new Set(elementsOf(node).map((element) => this.#value(shape.element, element, depth)));
      case 'map':
        return new Map(
          Array.from(fieldsOf(node), ([key, value]) => [
            this.#value(shape.key, { kind: 'quoted', text: key }, depth),
            this.#value(shape.value, value, depth),
          ]),
        );
      case 'optional':
        throw new Unreadable('an Optional');
    }
  }

  #object(shape: KotlinShape & { kind: 'class' }, node: JsonNode, depth: number): object {
    if (depth > DEEPEST) throw new Unreadable('nested too deep');
    const valueClass = valueClassOf(this.#plans, shape);
    if (valueClass) return wrapped(valueClass, this.#value(valueClass.fields[0]!.shape, node, depth));
    const fields = fieldsOf(node);
    const plan = this.#choose(shape.type(), fields);
    const isSealed = plan.type !== shape.type();
    const known = new Set(plan.fields.filter(({ isComputed }) => !isComputed).map(({ serialName }) => serialName));
    for (const name of fields.keys()) {
      if (known.has(name) || (isSealed && name === this.#options.classDiscriminator)) continue;
      if (!this.#options.ignoreUnknownKeys) throw new Unreadable('a field that the class has not');
    }
    return this.#fill(plan, fields, depth);
  }

  #fill(plan: KotlinClassPlan, fields: ReadonlyMap<string, JsonNode>, depth: number): object {
    const instance = plan.create();
    for (const { property, serialName, shape, hasDefault, isComputed } of plan.fields) {
      if (isComputed) continue;
      const node = fields.get(serialName);
      if (node) instance[property] = this.#value(shape, node, depth);
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
    const named = concreteClasses(this.#plans, type).find(
      ({ serialName }) => name?.kind === 'quoted' && name.text === serialName,
    );
    if (!named) throw new Unreadable('it is of no subclass of the sealed class');
    return named;
  }
}

function readScalar(shape: ScalarShape, node: JsonNode): unknown {
  if (node.kind !== 'quoted' && node.kind !== 'bare') throw new Unreadable('an object or array for a simple value');
  if (node.kind === 'bare' && !BARE.has(shape.kind)) throw new Unreadable('a text without quotes');
  const text = node.text;
  if (shape.kind === 'float' || shape.kind === 'double') {
    const value = scalarValue(shape, text);
    if (!Number.isFinite(value)) throw new Unreadable('not a finite number');
    return value;
  }
  if (BARE.has(shape.kind) && text.startsWith('+')) throw new Unreadable('a number with a plus sign');
  return scalarValue(shape, text);
}

function elementsOf(node: JsonNode): readonly JsonNode[] {
  if (node.kind !== 'array') throw new Unreadable('no array');
  return node.elements;
}

function fieldsOf(node: JsonNode): ReadonlyMap<string, JsonNode> {
  if (node.kind !== 'object') throw new Unreadable('no object');
  return node.fields;
}
