import { isAssignable } from './assignable.js';
import type { ClassDeclaration } from './class-declaration.js';
import type { Fields } from './fields.js';
import { RecentShapes } from './fast/recent-shapes.js';
import type { FormerName } from './was-called.decorator.js';
import { isNeverStored, TAG_OF_UNDEFINED } from './tagged-value.js';

const HASH = '#';

/** How one field of a class is written. */
export interface WriteField {
  readonly property: string;
  readonly stored: string;
  /**
   * Returns what is written, `undefined` to store nothing. `depth` is the depth of the value. Absent for fields without
   * decorators, which are written as they are.
   */
  readonly write?: (holder: Fields, depth: number) => unknown;
  /** Written for an undefined property if there is no {@link write}. */
  readonly whenUndefined?: object | undefined;
}

/** The fields written for an instance. */
export interface WriteShape {
  readonly fields: readonly WriteField[];
  /** An object with all fields in order, each `undefined`. Copying it is faster than adding the fields. */
  readonly blank: Readonly<Fields>;
  /** The object may have a single field whose name begins with `#`. */
  readonly mayLookTagged: boolean;
}

/** @param fields in the order of the text, except that integer names come first there. */
export function writeShape(fields: readonly WriteField[]): WriteShape {
  return {
    fields,
    blank: Object.fromEntries(fields.map(({ stored }) => [stored, undefined])),
    mayLookTagged: fields.some(({ stored }) => stored.startsWith(HASH)),
  };
}

export interface WritePlanParts {
  readonly declaration: ClassDeclaration;
  /** Every declared property. */
  readonly declared: ReadonlyMap<string, WriteField>;
  /** Makes the field of a property without decorators. */
  readonly undeclared: (property: string) => WriteField;
  /** Properties that are never written, even if declared. */
  readonly excluded: ReadonlySet<string>;
  /** Properties written as `undefined` when the instance lacks them. */
  readonly defaults: readonly string[];
  /** Keep insertion order instead of sorting by name. */
  readonly inOwnOrder: boolean;
  /** Former stored names by property. The value is written under these as well. */
  readonly former: ReadonlyMap<string, readonly FormerName[]>;
  /** A field that is not a property: the discriminator or the version. */
  readonly constant: WriteField | undefined;
}

/** Which fields of a class are written, and in which order. Computed once per set of own properties. */
export class WritePlan {
  readonly #parts: WritePlanParts;
  readonly #shapes = new RecentShapes<WriteShape>();

  constructor(parts: WritePlanParts) {
    this.#parts = parts;
  }

  /** The shape of an instance with these own properties. */
  shapeFor(keys: readonly string[]): WriteShape {
    return this.#shapes.get(keys, () => writeShape(this.#fieldsFor(keys)));
  }

  #fieldsFor(keys: readonly string[]): readonly WriteField[] {
    const { declaration, declared, undeclared, excluded, defaults, constant, former, inOwnOrder } = this.#parts;
    const exposed = [...declaration.fields.values()].filter((field) => field.exposed).map((field) => field.key);
    const byName = new Map<string, WriteField>();
    // Order of class-transformer: if two fields share a stored name, the later one is stored.
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

/** Fields ordered by stored name. */
export function sorted(fields: ReadonlyMap<string, WriteField>): readonly WriteField[] {
  return [...fields.values()].sort((left, right) => (left.stored < right.stored ? -1 : 1));
}

/**
 * How an undefined property is written: as a tag if a new instance has an initial value, which would otherwise come
 * back; else not at all.
 * @param fresh a new instance of the class to read into; `undefined` for a plain object.
 */
export function writtenUndefined(fresh: Fields | undefined, property: string): object | undefined {
  if (fresh && !(isAssignable(fresh, property) && fresh[property] !== undefined)) return undefined;
  return TAG_OF_UNDEFINED;
}
