import type { Fields } from '../fields.js';
import { type FieldStart, startOfField } from '../json-text.js';
import { assertUsualDepth, assertUsualOrder, type TextCursor } from './text-cursor.js';

/** Brings the value at the cursor into an instance. `depth` is where the value stands. */
export type TextStep = (instance: Fields, cursor: TextCursor, depth: number) => void;

/** A field as it stands in the text. */
interface TextField extends FieldStart {
  readonly name: string;
  readonly read: TextStep;
  /** The field that came after this one the last time. */
  next: TextField | undefined;
}

/** Fields of other names are not remembered: a class may have any number of them. */
const MOST_FIELDS = 100;

/**
 * Reads instances of one class straight from their text. The fields of a class are written in the order of their names,
 * so that nearly always the field that is next is the one that was next the last time: one comparison knows it.
 */
export class TextPlan {
  readonly #make: new () => object;
  readonly #stepOf: (name: string) => TextStep;
  readonly #fields = new Map<string, TextField>();
  #first: TextField | undefined;

  /** @param stepOf makes the step for a stored name. */
  constructor(make: new () => object, stepOf: (name: string) => TextStep) {
    this.#make = make;
    this.#stepOf = stepOf;
  }

  /**
   * @param cursor stands at an object, and behind it afterwards.
   * @param resumed it stands behind the first field of the object.
   * @throws where the text is unusual.
   */
  read(cursor: TextCursor, depth: number, resumed = false): object {
    assertUsualDepth(depth);
    const instance = new this.#make() as Fields;
    if (resumed ? cursor.endsObject() : cursor.accept('{}')) return instance;
    let field = this.#first;
    if (!field || !cursor.accept(resumed ? field.asNext : field.asFirst)) {
      field = this.#first = this.#fieldAt(cursor, undefined, resumed ? ',' : '{');
    }
    for (;;) {
      field.read(instance, cursor, depth + 1);
      const next: TextField | undefined = field.next;
      if (next && cursor.accept(next.asNext)) field = next;
      else if (cursor.endsObject()) return instance;
      else field = field.next = this.#fieldAt(cursor, field, ',');
    }
  }

  #fieldAt(cursor: TextCursor, before: TextField | undefined, start: '{' | ','): TextField {
    const name = cursor.name(start);
    assertUsualOrder(before?.name ?? '', name);
    const present = this.#fields.get(name);
    if (present) return present;
    const { asFirst, asNext } = startOfField(name);
    const field = { name, asFirst, asNext, read: this.#stepOf(name), next: undefined };
    if (this.#fields.size < MOST_FIELDS) this.#fields.set(name, field);
    return field;
  }
}
