import { decodeQuery, encodeQuery, FormDocument, formPair, MAX_PAIRS } from './form-encoding.js';
import { unwrapped, valueClassOf } from '../kotlin/inlined-value.js';
import type { KotlinClassPlan, KotlinClassPlans, KotlinField } from '../kotlin/kotlin-class-plan.js';
import { elementsOf, entriesOf, planOfInstance } from '../kotlin/kotlin-instance.js';
import { scalarText } from '../kotlin/kotlin-scalar.js';
import { isScalar, type KotlinClass, type KotlinShape, type ScalarShape } from '../kotlin/kotlin-shape.js';
import { taggedScalar } from './reflection-format-writer.js';
import { Unwritable, writeElements, writeEntries, writing } from './format-errors.js';

const ADVICE = "Store another value, or omit readBy: 'kotlinx' if the server does not read it.";
const WITHOUT_SERIALIZER: ReadonlySet<string> = new Set(['bigDecimal', 'bigInteger', 'uuid']);

export class BackwardCompatibleFormatWriter {
  readonly #plans: KotlinClassPlans;
  readonly #forKotlinx: boolean;

  /** Rejects what Ktor's kotlinx reader misreads. */
  constructor(plans: KotlinClassPlans, forKotlinx: boolean) {
    this.#plans = plans;
    this.#forKotlinx = forKotlinx;
  }

  write(expected: KotlinClass, value: unknown): string {
    const plan = planOfInstance(this.#plans, expected, value, 0);
    if (plan.isObject) throw new Unwritable('Ktor cannot write an object in this format');
    const text = this.#document(plan, value as Record<string, unknown>, 0);
    if (!this.#plans.of(expected).subclasses) return text;
    const lost = this.#lostField(plan, text);
    if (lost !== undefined) throw decodedTwice().within(`.${lost}`);
    return `${formPair('type', `#s${plan.serialName}`)}&${formPair('value', `##${text}`)}`;
  }

  #document(plan: KotlinClassPlan, instance: Record<string, unknown>, depth: number): string {
    const fields = plan.fields.filter(({ isComputed }) => !isComputed);
    return fields
      .map((field, index) =>
        writing(`.${field.property}`, () => {
          const tagged = this.#tagged(field.shape, instance[field.property], depth);
          if (this.#forKotlinx && index < fields.length - 1 && tagged.startsWith('##')) {
            throw new Unwritable('Ktor loses the fields after an object', 'Move the field to the end of the class.');
          }
          return formPair(field.serialName, tagged);
        }),
      )
      .join('&');
  }

  #tagged(shape: KotlinShape, value: unknown, depth: number): string {
    if (shape.kind === 'nullable') {
      return value === null || value === undefined ? '#n' : this.#tagged(shape.of, value, depth);
    }
    if (isScalar(shape)) return taggedForKotlinx(shape, value);
    switch (shape.kind) {
      case 'class':
        return this.#object(shape, value, depth);
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
    const valueClass = valueClassOf(this.#plans, shape);
    if (valueClass) {
      const content = unwrapped(this.#plans, valueClass, value, depth + 1);
      return this.#tagged(valueClass.fields[0]!.shape, content, depth);
    }
    const plan = planOfInstance(this.#plans, shape.type(), value, depth + 1);
    const text = this.#document(plan, value as Record<string, unknown>, depth + 1);
    const lost = this.#lostField(plan, text);
    if (lost !== undefined) throw decodedTwice().within(`.${lost}`);
    return `##${text}`;
  }

  // Ktor decodes the text of an inner object twice.
  #lostField(plan: KotlinClassPlan, text: string): string | undefined {
    if (!this.#forKotlinx) return undefined;
    const [written, read] = [new FormDocument(text), documentOf(text)];
    const isLost = ({ serialName }: KotlinField): boolean => written.get(serialName) !== read?.get(serialName);
    return plan.fields.find((field) => !field.isComputed && isLost(field))?.property;
  }

  #elements(element: KotlinShape, values: readonly unknown[], depth: number): string {
    if (this.#forKotlinx && values.length === 0) {
      throw new Unwritable('Ktor reads an empty list as one empty string', ADVICE);
    }
    const parts = writeElements(values, (value) => {
      const tagged = this.#notNull(this.#tagged(element, value, depth));
      this.#refuseIn(/[&%]/, tagged, "in a list, Ktor changes '&' and '%'");
      // Ktor encodes twice, which its kotlinx reader does not undo.
      return tagged.replace(/[&%]/g, encodeURIComponent);
    });
    return `#cl${encodeQuery(parts.join('&'))}`;
  }

  #entries(shape: KotlinShape & { kind: 'map' }, entries: ReadonlyMap<unknown, unknown>, depth: number): string {
    const seen = new Set<string>();
    const parts = writeEntries(entries, (key, value) => {
      const taggedKey = this.#notNull(this.#tagged(shape.key, key, depth));
      this.#refuseIn(/[&= ]/, taggedKey, "in the key of a map, Ktor changes '&', '=' and spaces");
      if (this.#forKotlinx && seen.has(taggedKey.toLowerCase())) {
        throw new Unwritable('Ktor merges keys that differ only in case', ADVICE);
      }
      seen.add(taggedKey.toLowerCase());
      const taggedValue = this.#notNull(this.#tagged(shape.value, value, depth));
      this.#refuseIn(/[&+]/, taggedValue, "in the value of a map, Ktor changes '&' and '+'");
      return `${encodeQuery(taggedKey).replace(/[&=]/g, encodeURIComponent)}=${encodeQuery(taggedValue).replaceAll('&', '%26')}`;
    });
    if (this.#forKotlinx && parts.length > MAX_PAIRS) {
      throw new Unwritable(`Ktor reads at most ${MAX_PAIRS} entries of a map`, ADVICE);
    }
    return `#m${encodeQuery(parts.join('&'))}`;
  }

  #refuseIn(changed: RegExp, tagged: string, problem: string): void {
    if (this.#forKotlinx && changed.test(tagged)) throw new Unwritable(problem, ADVICE);
  }

  #notNull(tagged: string): string {
    if (this.#forKotlinx && tagged === '#n') throw new Unwritable('Ktor loses null in a collection', ADVICE);
    return tagged;
  }
}

function documentOf(text: string): FormDocument | undefined {
  try {
    return new FormDocument(decodeQuery(text));
  } catch {
    return undefined;
  }
}

function decodedTwice(): Unwritable {
  return new Unwritable("inside another object, Ktor changes '&', '%', '+' and white space at the ends", ADVICE);
}

function taggedForKotlinx(shape: ScalarShape, value: unknown): string {
  return WITHOUT_SERIALIZER.has(shape.kind) ? `#s${scalarText(shape, value)}` : taggedScalar(shape, value);
}
