import type { ClassTransformOptions } from 'class-transformer';
import { isAssignable } from './assignable.js';
import { declarationOf, excludedIn } from './class-transformer-metadata.js';
import type { AnyClass, Discriminator, FieldDeclaration, TypeDeclaration } from './class-declaration.js';
import type { RememberedFields } from './remembered-fields.js';
import { COERCIONS, forTypeOf } from './typed-value.js';
import { isFieldClass } from './value-kind.js';

type Fields = Record<string, unknown>;
type ReadValue = (value: unknown) => unknown;
type Assign = (instance: Fields, value: unknown, source: Fields) => void;

interface ReadPlan {
  readonly make: new () => object;
  readonly open: boolean;
  /** By stored name: what a decorator or an initializer makes known. */
  readonly fields: ReadonlyMap<string, Assign>;
  /** Exposed fields that have to be seen to even if they are not stored, by stored name. */
  readonly missing: ReadonlyMap<string, Assign>;
}

/**
 * Makes instances of decoded fields, as `plainToInstance` does. A plan is compiled for each class at its first use;
 * decorators that are applied later are not seen.
 */
export class ReflectionReader {
  readonly #options: ClassTransformOptions;
  readonly #remembered: RememberedFields;
  readonly #plans = new Map<AnyClass, ReadPlan>();

  constructor(options: ClassTransformOptions, remembered: RememberedFields) {
    this.#options = options;
    this.#remembered = remembered;
  }

  /** @param source what JSON.parse gave, its tags decoded; the instance takes over the values that stand in it. */
  read<S extends object>(type: new () => S, source: Record<string, unknown>): S {
    return this.#instanceOf(this.#planOf(type), source) as S;
  }

  #instanceOf(plan: ReadPlan, source: Fields): object {
    const instance = new plan.make() as Fields;
    for (const name of Object.keys(source)) {
      const assign = plan.fields.get(name);
      if (assign) assign(instance, source[name], source);
      else if (plan.open && isAssignable(instance, name)) instance[name] = source[name];
      else this.#remembered.set(instance, name, source[name]);
    }
    for (const [name, assign] of plan.missing) {
      if (!Object.hasOwn(source, name)) assign(instance, undefined, source);
    }
    return instance;
  }

  #planOf(type: new () => object): ReadPlan {
    const present = this.#plans.get(type);
    if (present) return present;
    const declaration = declarationOf(type, 'read', this.#options);
    const fresh = new type();
    const excluded = new Set([...excludedIn(type, 'read'), ...excludedIn(type, 'write')]);
    const fields = new Map<string, Assign>();
    const missing = new Map<string, Assign>();
    for (const name of Object.keys(fresh)) if (declaration.open) fields.set(name, this.#adopting(fresh, name));
    for (const field of declaration.fields.values()) {
      fields.set(field.key, this.#assigning(field, fresh, excluded.has(field.key)));
      const assign = field.exposed ? this.#assigningMissing(field, fresh) : undefined;
      if (assign) missing.set(field.key, assign);
    }
    const plan: ReadPlan = { make: type, open: declaration.open, fields, missing };
    this.#plans.set(type, plan);
    return plan;
  }

  #adopting(fresh: object, name: string): Assign {
    if (!isAssignable(fresh, name)) return this.#remembering(name);
    return (instance, value) => {
      instance[name] = value;
    };
  }

  #remembering(name: string): Assign {
    return (instance, value) => this.#remembered.set(instance, name, value);
  }

  // A field that is not taken is kept beside the instance, except what must never be stored or is worked out anew.
  #assigning(field: FieldDeclaration, fresh: object, isExcluded: boolean): Assign {
    const { target, transform } = field;
    if (!field.taken) return isExcluded ? () => {} : this.#remembering(field.key);
    if (!isAssignable(fresh, target)) return field.exposed ? () => {} : this.#remembering(field.key);
    const typed = field.type && this.#typed(field.type, target);
    if (!typed && !transform) return this.#adopting(fresh, target);
    return (instance, value, source) => {
      const read = typed ? typed(value, instance, source) : value;
      instance[target] = transform ? transform(read, source) : read;
    };
  }

  #assigningMissing(field: FieldDeclaration, fresh: object): Assign | undefined {
    const { target, transform } = field;
    if (!isAssignable(fresh, target)) return undefined;
    if (!this.#options.exposeDefaultValues) {
      return (instance, _, source) => {
        instance[target] = transform?.(undefined, source);
      };
    }
    if (Object.hasOwn(fresh, target)) return undefined;
    return (instance) => {
      const initial = instance[target];
      instance[target] = initial;
    };
  }

  #typed(type: TypeDeclaration, property: string): (value: unknown, instance: Fields, source: Fields) => unknown {
    const newList = listOf(type.designType);
    const isMap = type.designType === Map;
    const readerOf = forTypeOf(type, (resolved) => containers(this.#leaf(resolved, type.discriminator)));
    return (value, newObject, object) => {
      const read = readerOf(() => ({ newObject, object, property }));
      if (Array.isArray(value)) return newList ? filled(newList(), value, read) : read(value);
      if (!isMap || value instanceof Map || value instanceof Set) return read(value);
      return isRecord(value) ? mapped(Object.entries(value), read) : value;
    };
  }

  #leaf(type: unknown, discriminator: Discriminator | undefined): ReadValue {
    const read = this.#leafOfType(type);
    if (!discriminator) return read;
    const { property, subTypes, kept } = discriminator;
    const readers = new Map(subTypes.map(({ name, value }) => [name as unknown, this.#leafOfType(value)]));
    return (value) => {
      if (!isRecord(value)) return read(value);
      const name = Object.hasOwn(value, property) ? value[property] : undefined;
      const readSubType = readers.get(name);
      if (kept || name === undefined || !(readSubType ?? isFieldClass(type))) return (readSubType ?? read)(value);
      delete value[property];
      if (readSubType) return readSubType(value);
      const instance = read(value) as object;
      this.#remembered.set(instance, property, name);
      return instance;
    };
  }

  #leafOfType(type: unknown): ReadValue {
    const coerce = COERCIONS.get(type);
    if (coerce) return (value) => (value === null || value === undefined ? value : coerce(value));
    if (!isFieldClass(type)) return (value) => value;
    let plan: ReadPlan | undefined;
    return (value) => (isRecord(value) ? this.#instanceOf((plan ??= this.#planOf(type)), value) : value);
  }
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && !(value instanceof Uint8Array);
}

function containers(leaf: ReadValue): ReadValue {
  const read: ReadValue = (value) => {
    if (typeof value !== 'object' || value === null) return leaf(value);
    if (Array.isArray(value)) return value.map(read);
    if (value instanceof Set) return filled(new Set(), [...(value as Set<unknown>)], read);
    if (value instanceof Map) return mapped(value as Map<unknown, unknown>, read);
    return leaf(value);
  };
  return read;
}

function mapped(entries: Iterable<[unknown, unknown]>, read: ReadValue): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (const [key, value] of entries) map.set(key, read(value));
  return map;
}

function filled(list: unknown[] | Set<unknown>, values: readonly unknown[], read: ReadValue): unknown {
  for (const value of values) {
    if (list instanceof Set) list.add(read(value));
    else list.push(read(value));
  }
  return list;
}

// A field declared as a Set, or as a class of lists, is one again where the text holds an array.
function listOf(designType: unknown): (() => unknown[] | Set<unknown>) | undefined {
  if (typeof designType !== 'function' || designType === Array || !('prototype' in designType)) return undefined;
  const prototype = designType.prototype as object | undefined;
  const isList = designType === Set || prototype instanceof Set || (!!prototype && 'push' in prototype);
  return isList ? () => new (designType as new () => unknown[])() : undefined;
}
