import { encodeQuery, formPair, formPairOfKtor1 } from './form-encoding.js';
import type { KotlinClassPlans } from '../kotlin/kotlin-class-plan.js';
import { elementsOf, entriesOf, planOfInstance } from '../kotlin/kotlin-instance.js';
import { scalarText } from '../kotlin/kotlin-scalar.js';
import { isScalar, withoutNull, type KotlinClass, type KotlinShape, type ScalarShape } from '../kotlin/kotlin-shape.js';
import { Unwritable, writeElements, writeEntries, writing } from './format-errors.js';

export const TYPE_NAME = '$type';

const TAGS = {
  string: '#s',
  char: '#ch',
  byte: '#i',
  short: '#i',
  int: '#i',
  long: '#l',
  float: '#f',
  double: '#f',
  bigDecimal: '#bd',
  bigInteger: '#bi',
  uuid: '#s',
  enum: '#s',
} as const;

export class ReflectionFormatWriter {
  readonly #plans: KotlinClassPlans;
  readonly #pair: (name: string, value: string) => string;

  constructor(plans: KotlinClassPlans, equals: 'escaped' | 'literal') {
    this.#plans = plans;
    this.#pair = equals === 'escaped' ? formPair : formPairOfKtor1;
  }

  write(expected: KotlinClass, value: unknown, depth = 0): string {
    const plan = planOfInstance(this.#plans, expected, value, depth);
    if (plan.type !== expected && !this.#plans.of(expected).subclasses?.includes(plan.type)) {
      throw new Unwritable('Ktor reads direct subclasses of a sealed class only');
    }
    const pairs = [...plan.fields]
      .sort((left, right) => (left.property < right.property ? -1 : 1))
      .map(({ property, shape }) => {
        const held = (value as Record<string, unknown>)[property];
        return this.#pair(
          property,
          writing(`.${property}`, () => this.#tagged(shape, held, depth)),
        );
      });
    if (plan.isSubclassOfSealed) pairs.push(this.#pair(TYPE_NAME, plan.simpleName));
    return pairs.join('&');
  }

  #tagged(shape: KotlinShape, value: unknown, depth: number): string {
    const held = withoutNull(shape);
    if (shape.kind === 'nullable' && (value === null || value === undefined)) {
      if (held.kind !== 'list' && held.kind !== 'set' && held.kind !== 'map') return '#n';
      throw new Unwritable('Ktor cannot read a collection that is null', 'Store an empty one instead.');
    }
    if (isScalar(held)) return taggedScalar(held, value);
    switch (held.kind) {
      case 'class':
        return `##${this.write(held.type(), value, depth + 1)}`;
      case 'optional':
        return value === undefined ? '#om' : `#op${this.#tagged(held.of, value, depth)}`;
      case 'list':
        return `#cl${this.#elements(held.element, elementsOf('list', value), depth)}`;
      case 'set':
        return `#cs${this.#elements(held.element, elementsOf('set', value), depth)}`;
      case 'map':
        return `#m${this.#entries(held, entriesOf(value), depth)}`;
      case 'nullable':
        return this.#tagged(held, value, depth);
    }
  }

  #elements(element: KotlinShape, values: readonly unknown[], depth: number): string {
    return encodeQuery(writeElements(values, (value) => encodePart(this.#tagged(element, value, depth))).join('&'));
  }

  #entries(shape: KotlinShape & { kind: 'map' }, entries: ReadonlyMap<unknown, unknown>, depth: number): string {
    const parts = writeEntries(entries, (key, value) => {
      const taggedKey = encodePart(this.#tagged(shape.key, key, depth)).replaceAll('=', '%3D');
      return `${taggedKey}=${encodePart(this.#tagged(shape.value, value, depth))}`;
    });
    return encodeQuery(parts.join('&'));
  }
}

/** Ktor writes `&`, and `=` in a key, unencoded and then splits there. It reads them encoded. */
function encodePart(tagged: string): string {
  return encodeQuery(tagged).replaceAll('&', '%26');
}

export function taggedScalar(shape: ScalarShape, value: unknown): string {
  const text = scalarText(shape, value);
  return shape.kind === 'boolean' ? `#bo${text.charAt(0)}` : TAGS[shape.kind] + text;
}
