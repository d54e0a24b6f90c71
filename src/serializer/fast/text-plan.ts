import type { Fields } from '../tagged-value.js';
import { type FieldStart, startOfField } from '../json-text.js';
import { assertTextDepth, assertSorted, type TextCursor } from './text-cursor.js';

export type TextStep = (instance: Fields, cursor: TextCursor, depth: number) => void;

/** Assigns whatever the field contains. */
export const ANY_VALUE = 'any value';

interface TextField extends FieldStart {
  readonly name: string;
  readonly read: TextStep | typeof ANY_VALUE;
  next: TextField | undefined;
}

const MAX_FIELDS = 100;

/** Fields are sorted, so the next one is usually known. */
export class TextPlan {
  readonly #make: new () => object;
  readonly #stepOf: (name: string) => TextField['read'];
  readonly #fields = new Map<string, TextField>();
  #first: TextField | undefined;

  constructor(make: new () => object, stepOf: (name: string) => TextField['read']) {
    this.#make = make;
    this.#stepOf = stepOf;
  }

  read(cursor: TextCursor, depth: number, resumed = false): object {
    assertTextDepth(depth);
    const instance = new this.#make() as Fields;
    if (resumed ? cursor.endsObject() : cursor.accept('{}')) return instance;
    let field = this.#first;
    if (!field || !cursor.accept(resumed ? field.asNext : field.asFirst)) {
      field = this.#first = this.#fieldAt(cursor, undefined, resumed ? ',' : '{');
    }
    for (;;) {
      if (field.read === ANY_VALUE) instance[field.name] = cursor.value(depth + 1);
      else field.read(instance, cursor, depth + 1);
      const next: TextField | undefined = field.next;
      if (next && cursor.accept(next.asNext)) field = next;
      else if (cursor.endsObject()) return instance;
      else field = field.next = this.#fieldAt(cursor, field, ',');
    }
  }

  #fieldAt(cursor: TextCursor, before: TextField | undefined, start: '{' | ','): TextField {
    const name = cursor.name(start);
    assertSorted(before?.name ?? '', name);
    const present = this.#fields.get(name);
    if (present) return present;
    const { asFirst, asNext } = startOfField(name);
    const field = { name, asFirst, asNext, read: this.#stepOf(name), next: undefined };
    if (this.#fields.size < MAX_FIELDS) this.#fields.set(name, field);
    return field;
  }
}
