import { unwrapped, valueClassOf } from '../kotlin/inlined-value.js';
import type { KotlinClassPlan, KotlinClassPlans, KotlinField } from '../kotlin/kotlin-class-plan.js';
import { MAX_DEPTH_IN_JSON, elementsOf, entriesOf, planOfInstance } from '../kotlin/kotlin-instance.js';
import { scalarText } from '../kotlin/kotlin-scalar.js';
import { isScalar, type KotlinClass, type KotlinShape, type ScalarShape } from '../kotlin/kotlin-shape.js';
import type { KotlinxJsonOptions } from './kotlinx-json-options.js';
import { Unwritable, writeElements, writeEntries, writing } from './format-errors.js';

const BARE: ReadonlySet<string> = new Set(['boolean', 'byte', 'short', 'int', 'long', 'float', 'double']);

export class JsonFormatWriter {
  readonly #plans: KotlinClassPlans;
  readonly #options: Required<KotlinxJsonOptions>;
  readonly #defaults = new Map<KotlinField, string | undefined>();

  constructor(plans: KotlinClassPlans, options: Required<KotlinxJsonOptions>) {
    this.#plans = plans;
    this.#options = options;
  }

  write(expected: KotlinClass, value: unknown): string {
    return this.#value({ kind: 'class', type: () => expected }, value, -1);
  }

  #value(shape: KotlinShape, value: unknown, depth: number): string {
    if (shape.kind === 'nullable') {
      return value === null || value === undefined ? 'null' : this.#value(shape.of, value, depth);
    }
    if (isScalar(shape)) return jsonScalar(shape, value);
    switch (shape.kind) {
      case 'class':
        return this.#object(shape, value, depth + 1);
      case 'list':
      case 'set':
        return this.#elements(shape.element, elementsOf(shape.kind, value), depth);
      case 'map':
        return this.#entries(shape, entriesOf(value), depth);
      case 'optional':
        throw new Unwritable('kotlinx has no Optional');
    }
  }

  #object(shape: KotlinShape & { kind: 'class' }, value: unknown, depth: number): string {
    const expected = shape.type();
    const valueClass = valueClassOf(this.#plans, shape);
    if (valueClass) {
      return this.#value(
        valueClass.fields[0]!.shape,
        unwrapped(this.#plans, valueClass, value, depth, MAX_DEPTH_IN_JSON),
        depth,
      );
    }
    const plan = planOfInstance(this.#plans, expected, value, depth, MAX_DEPTH_IN_JSON);
    const pairs = this.#pairs(plan, value as Record<string, unknown>, depth);
    if (this.#plans.of(expected).subclasses) {
      pairs.unshift(`${JSON.stringify(this.#options.classDiscriminator)}:${JSON.stringify(plan.serialName)}`);
    }
    return `{${pairs.join(',')}}`;
  }

  #pairs(plan: KotlinClassPlan, instance: Record<string, unknown>, depth: number): string[] {
    return plan.fields.flatMap((field) => {
      if (field.isComputed) return [];
      const text = writing(`.${field.property}`, () => this.#value(field.shape, instance[field.property], depth));
      if (text === 'null' && !this.#options.explicitNulls) return [];
      if (field.hasDefault && !this.#options.encodeDefaults && text === this.#default(plan, field)) return [];
      return [`${JSON.stringify(field.serialName)}:${text}`];
    });
  }

  #default(plan: KotlinClassPlan, field: KotlinField): string | undefined {
    if (this.#defaults.has(field)) return this.#defaults.get(field);
    const text = writing(`.${field.property}`, () => this.#value(field.shape, plan.create()[field.property], 0));
    this.#defaults.set(field, text);
    return text;
  }

  #elements(element: KotlinShape, values: readonly unknown[], depth: number): string {
    return `[${writeElements(values, (value) => this.#value(element, value, depth)).join(',')}]`;
  }

  #entries(shape: KotlinShape & { kind: 'map' }, entries: ReadonlyMap<unknown, unknown>, depth: number): string {
    const texts = writeEntries(
      entries,
      (key, value) => `${quoted(this.#value(shape.key, key, depth))}:${this.#value(shape.value, value, depth)}`,
    );
    return `{${texts.join(',')}}`;
  }
}

function jsonScalar(shape: ScalarShape, value: unknown): string {
  const text = scalarText(shape, value);
  if ((shape.kind === 'float' || shape.kind === 'double') && !Number.isFinite(value)) {
    throw new Unwritable('JSON has neither NaN nor infinities');
  }
  return BARE.has(shape.kind) ? text : JSON.stringify(text);
}

function quoted(text: string): string {
  return text.startsWith('"') ? text : `"${text}"`;
}
