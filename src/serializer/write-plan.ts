import { isAssignable } from './assignable.js';
import type { ClassDeclaration } from './class-declaration.js';
import type { Fields } from './fields.js';
import { RecentShapes } from './fast/recent-shapes.js';
import type { FormerName } from './was-called.decorator.js';
import { isNeverStored, TAG_OF_UNDEFINED } from './tagged-value.js';

const HASH = '#';

/** One field of a class on its way into the text. */
export interface WriteField {
  readonly property: string;
  readonly stored: string;
  /**
   * What is written, `undefined` if nothing is stored. `depth` is where the value stands. Absent where no decorator says
   * anything: then the property's value is written as any other.
   */
  readonly write?: (holder: Fields, depth: number) => unknown;
  /** The same for a property that is undefined, where there is no {@link write}. */
  readonly whenUndefined?: object | undefined;
}

/** What is written of an instance. */
export interface WriteShape {
  readonly fields: readonly WriteField[];
  /** An object with all of them in their order, each `undefined`: a copy of it is made sooner than an object with them. */
  readonly blank: Readonly<Fields>;
  /** It may have a single field whose name begins with `#`. */
  readonly mayLookTagged: boolean;
}

/** @param fields in the order of the text, but that names which are whole numbers come first there. */
export function writeShape(fields: readonly WriteField[]): WriteShape {
  return {
    fields,
    blank: Object.fromEntries(fields.map(({ stored }) => [stored, undefined])),
    mayLookTagged: fields.some(({ stored }) => stored.startsWith(HASH)),
  };
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
  /** Former stored names by property, under which its value is written as well. */
  readonly former: ReadonlyMap<string, readonly FormerName[]>;
  /** A field that is no property: the discriminator or the version. */
  readonly constant: WriteField | undefined;
}

/** Which fields of a class are written and in which order, worked out once for every set of own properties. */
export class WritePlan {
  readonly #parts: WritePlanParts;
  readonly #shapes = new RecentShapes<WriteShape>();

  constructor(parts: WritePlanParts) {
    this.#parts = parts;
  }

  /** What is written of an instance with these own properties. */
  shapeFor(keys: readonly string[]): WriteShape {
    return this.#shapes.get(keys, () => writeShape(this.#fieldsFor(keys)));
  }

  #fieldsFor(keys: readonly string[]): readonly WriteField[] {
    const { declaration, declared, undeclared, excluded, defaults, constant, former, inOwnOrder } = this.#parts;
    const exposed = [...declaration.fields.values()].filter((field) => field.exposed).map((field) => field.key);
    const byName = new Map<string, WriteField>();
    // class-transformer's order: where two fields have one stored name, the later is stored.
    for (const key of new Set(declaration.open ? [...keys, ...defaults, ...exposed] : exposed)) {
      const isTaken = declaration.fields.get(key)?.taken ?? declaration.open;
      if (!isTaken || excluded.has(key) || isNeverStored(key)) continue;
      const field = declared.get(key) ?? undeclared(key);
      byName.set(field.stored, field);
      for (const { name, alsoWrite } of former.get(key) ?? [])
        if (alsoWrite) byName.set(name, { ...field, stored: name });
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
export function writtenUndefined(fresh: Fields | undefined, property: string): object | undefined {
  if (fresh && !(isAssignable(fresh, property) && fresh[property] !== undefined)) return undefined;
  return TAG_OF_UNDEFINED;
}
