import { isAssignable } from './assignable.js';
import type { ClassDeclaration } from './class-declaration.js';
import type { Fields } from './fields.js';
import { type FieldStart, startOfField } from './json-text.js';
import { RecentShapes } from './recent-shapes.js';
import { isForbidden, TEXT_OF_UNDEFINED } from './tagged-value.js';

/** One field of a class on its way into the text. */
export interface WriteField extends FieldStart {
  readonly property: string;
  readonly stored: string;
  /** The text of the value, `undefined` if nothing is stored. `depth` is where the value stands. */
  readonly write: (holder: Fields, depth: number) => string | undefined;
}

export function writeField(property: string, stored: string, write: WriteField['write']): WriteField {
  const { asFirst, asNext } = startOfField(stored);
  return { property, stored, asFirst, asNext, write };
}

export interface WritePlanParts {
  readonly declaration: ClassDeclaration;
  /** By property, for every property of the declaration. */
  readonly declared: ReadonlyMap<string, WriteField>;
  /** Makes the field of a property without decorators. */
  readonly undeclared: (property: string) => WriteField;
  /** Properties that are never written, whatever the declaration says. */
  readonly excluded: ReadonlySet<string>;
  /** Properties that are written as undefined if the value has them not. */
  readonly defaults: readonly string[];
  /** Fields stand in the order that the plain object will have which is read from the text, or else by name. */
  readonly inOwnOrder: boolean;
  /** A field of the same text for every value: the discriminator. */
  readonly constant: WriteField | undefined;
}

/** Which fields of a class are written and in which order, worked out once for every set of own properties. */
export class WritePlan {
  readonly #parts: WritePlanParts;
  readonly #shapes = new RecentShapes<WriteField>();

  constructor(parts: WritePlanParts) {
    this.#parts = parts;
  }

  /** The fields of an instance with these own properties, in the order of the text. */
  fieldsFor(keys: readonly string[]): readonly WriteField[] {
    return this.#shapes.get(keys, () => this.#fieldsFor(keys));
  }

  #fieldsFor(keys: readonly string[]): readonly WriteField[] {
    const { declaration, declared, undeclared, excluded, defaults, constant, inOwnOrder } = this.#parts;
    const exposed = [...declaration.fields.values()].filter((field) => field.exposed).map((field) => field.key);
    const byName = new Map<string, WriteField>();
    // class-transformer's order: where two fields have one stored name, the later is stored.
    for (const key of new Set(declaration.open ? [...keys, ...defaults, ...exposed] : exposed)) {
      const isTaken = declaration.fields.get(key)?.taken ?? declaration.open;
      if (!isTaken || excluded.has(key) || isForbidden(key)) continue;
      const field = declared.get(key) ?? undeclared(key);
      byName.set(field.stored, field);
    }
    if (constant) byName.set(constant.stored, constant);
    return inOwnOrder ? Object.values(Object.fromEntries(byName)) : sorted(byName);
  }
}

/** Fields by stored name, in the order of their names. */
export function sorted(fields: ReadonlyMap<string, WriteField>): readonly WriteField[] {
  return [...fields.values()].sort((left, right) => (left.stored < right.stored ? -1 : 1));
}

/**
 * What is written for a property that is undefined: nothing where a new instance has it undefined as well, and where
 * it has an initial value a tag, or the initial value would come back.
 * @param fresh a new instance of what the text is read into; `undefined` for a plain object.
 */
export function textOfUndefined(fresh: Fields | undefined, property: string): string | undefined {
  if (fresh && !(isAssignable(fresh, property) && fresh[property] !== undefined)) return undefined;
  return TEXT_OF_UNDEFINED;
}
