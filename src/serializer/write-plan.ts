import { isAssignable, type ClassDeclaration } from './class-declaration.js';
import { RecentShapes } from './fast/recent-shapes.js';
import type { FormerName } from './was-called.decorator.js';
import { isNeverStored, TAG_OF_UNDEFINED, type Fields } from './tagged-value.js';

const HASH = '#';

export interface WriteField {
  readonly property: string;
  readonly stored: string;
  readonly write?: (holder: Fields, depth: number) => unknown;
  readonly whenUndefined?: object | undefined;
}

export interface WriteShape {
  readonly fields: readonly WriteField[];
  /** A copy is faster than adding fields. */
  readonly blank: Readonly<Fields>;
  readonly mayLookTagged: boolean;
}

export function writeShape(fields: readonly WriteField[]): WriteShape {
  return {
    fields,
    blank: Object.fromEntries(fields.map(({ stored }) => [stored, undefined])),
    mayLookTagged: fields.some(({ stored }) => stored.startsWith(HASH)),
  };
}

export interface WritePlanParts {
  readonly declaration: ClassDeclaration;
  readonly declared: ReadonlyMap<string, WriteField>;
  readonly undeclared: (property: string) => WriteField;
  readonly excluded: ReadonlySet<string>;
  /** Written as `undefined` if the instance lacks them. */
  readonly defaults: readonly string[];
  readonly inOwnOrder: boolean;
  readonly former: ReadonlyMap<string, readonly FormerName[]>;
  readonly constant: WriteField | undefined;
}

export class WritePlan {
  readonly #parts: WritePlanParts;
  readonly #shapes = new RecentShapes<WriteShape>();

  constructor(parts: WritePlanParts) {
    this.#parts = parts;
  }

  shapeFor(keys: readonly string[]): WriteShape {
    return this.#shapes.get(keys, () => writeShape(this.#fieldsFor(keys)));
  }

  #fieldsFor(keys: readonly string[]): readonly WriteField[] {
    const { declaration, declared, undeclared, excluded, defaults, constant, former, inOwnOrder } = this.#parts;
    const exposed = [...declaration.fields.values()].filter((field) => field.exposed).map((field) => field.key);
    const byName = new Map<string, WriteField>();
    // As in class-transformer, the later of equal stored names wins.
    for (const key of new Set(declaration.includesUndeclared ? [...keys, ...defaults, ...exposed] : exposed)) {
      const isIncluded = declaration.fields.get(key)?.isIncluded ?? declaration.includesUndeclared;
      if (!isIncluded || excluded.has(key) || isNeverStored(key)) continue;
      const field = declared.get(key) ?? undeclared(key);
      byName.set(field.stored, field);
      for (const { name, alsoWrite } of former.get(key) ?? [])
        if (alsoWrite) byName.set(name, { ...field, stored: name });
    }
    if (constant) byName.set(constant.stored, constant);
    return inOwnOrder ? Object.values(Object.fromEntries(byName)) : sorted(byName);
  }
}

export function sorted(fields: ReadonlyMap<string, WriteField>): readonly WriteField[] {
  return [...fields.values()].sort((left, right) => (left.stored < right.stored ? -1 : 1));
}

/** Without a tag, an initial value would return. */
export function writtenUndefined(fresh: Fields | undefined, property: string): object | undefined {
  if (fresh && !(isAssignable(fresh, property) && fresh[property] !== undefined)) return undefined;
  return TAG_OF_UNDEFINED;
}
