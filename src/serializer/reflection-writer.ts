import type { ClassTransformOptions } from 'class-transformer';
import { declarationOf, excludedIn } from './class-transformer-metadata.js';
import type { AnyClass, Discriminator, FieldDeclaration, TypeDeclaration } from './class-declaration.js';
import type { Fields } from './fields.js';
import { textOfString } from './json-text.js';
import type { RememberedFields } from './remembered-fields.js';
import { closeObject } from './tagged-value.js';
import { COERCIONS, forTypeOf, underDiscriminator } from './typed-value.js';
import { UnwritableValue } from './unwritable-value.js';
import { isFieldClass } from './value-kind.js';
import { assertDepth, exotic, ValueWriter, type WriteValue } from './value-writer.js';
import { sorted, textOfUndefined, type WriteField, writeField, WritePlan } from './write-plan.js';

type WriteObject = (value: object, depth: number) => string;

/**
 * Writes instances as JSON text, as `JSON.stringify(instanceToPlain(instance))` does, with the values that JSON does
 * not have. Fields of classes are ordered by name: equal content gives equal text, whatever the order of assignment
 * and whatever the version of the class. A plan is compiled for each class at its first use.
 */
export class ReflectionWriter {
  readonly #options: ClassTransformOptions;
  readonly #remembered: RememberedFields;
  readonly #values = new ValueWriter((value, depth) => this.#undeclared(value, depth));
  readonly #plans = new Map<AnyClass | undefined, WeakMap<object, WritePlan>>();

  constructor(options: ClassTransformOptions, remembered: RememberedFields) {
    this.#options = options;
    this.#remembered = remembered;
  }

  /** @throws {UnwritableValue} */
  write(type: new () => object, session: object): string {
    return this.#instance(this.#planOf(type, prototypeOf(session)), session, 0);
  }

  #instance(plan: WritePlan, instance: object, depth: number): string {
    assertDepth(depth);
    let text = '';
    let count = 0;
    let property = '';
    try {
      for (const field of this.#fieldsOf(plan, instance)) {
        ({ property } = field);
        const written = field.write(instance as Fields, depth + 1);
        if (written !== undefined) text += (count++ === 0 ? field.asFirst : field.asNext) + written;
      }
    } catch (error) {
      throw UnwritableValue.within(error, instance, property);
    }
    return depth === 0 && count > 0 ? `${text}}` : closeObject(text, count);
  }

  #fieldsOf(plan: WritePlan, instance: object): readonly WriteField[] {
    const fields = plan.fieldsFor(Object.keys(instance));
    const remembered = this.#remembered.of(instance);
    if (!remembered) return fields;
    const byName = new Map(fields.map((field) => [field.stored, field]));
    for (const [name, value] of remembered) {
      if (byName.has(name)) continue;
      const field = writeField(name, name, (_, depth) => this.#values.write(value, depth));
      byName.set(name, field);
    }
    return sorted(byName);
  }

  // It is read back as a plain object, but its own class says what of it is written.
  #undeclared(value: object, depth: number): string {
    const text = this.#instance(this.#planOf(undefined, prototypeOf(value)), value, depth);
    if (text === '{}' && Symbol.toStringTag in value) throw exotic(value);
    return text;
  }

  /** @param type what the text is read into; `undefined`: a plain object. */
  #planOf(type: AnyClass | undefined, prototype: object): WritePlan {
    const plans = this.#plans.get(type) ?? new WeakMap<object, WritePlan>();
    this.#plans.set(type, plans);
    const plan = plans.get(prototype) ?? this.#compile(type, prototype);
    plans.set(prototype, plan);
    return plan;
  }

  #compile(type: AnyClass | undefined, prototype: object, constant?: WriteField): WritePlan {
    const actual: unknown = prototype.constructor;
    const own = isFieldClass(actual) ? actual : undefined;
    const fresh = type && (newInstanceOf(type) as Fields);
    const declaration = declarationOf(type ?? own ?? Object, 'write', this.#options);
    const declared = new Map<string, WriteField>();
    for (const field of declaration.fields.values()) declared.set(field.key, this.#declaredField(field, fresh));
    return new WritePlan({
      declaration,
      declared,
      undeclared: (property) => this.#undeclaredField(property, fresh),
      excluded: new Set(own && own !== type ? excludedIn(own, 'write') : []),
      defaults: own && fresh ? Object.keys(fresh).filter((property) => textOfUndefined(fresh, property)) : [],
      constant,
      inOwnOrder: type === undefined,
    });
  }

  #undeclaredField(property: string, fresh: Fields | undefined): WriteField {
    return writeField(property, property, (holder, depth) => {
      const value = holder[property];
      return value === undefined ? textOfUndefined(fresh, property) : this.#values.write(value, depth);
    });
  }

  #declaredField(field: FieldDeclaration, fresh: Fields | undefined): WriteField {
    const { key, exposed, transform } = field;
    const typed = field.type && this.#typed(field.type, key);
    return writeField(key, field.target, (holder, depth) => {
      const raw = holder[key];
      let value = transform ? underDiscriminator(field.type?.discriminator, raw, () => transform(raw, holder)) : raw;
      if (exposed && value === raw && typeof value === 'function') {
        value = (holder as Record<string, () => unknown>)[key]!();
      }
      if (value === undefined) return raw === undefined ? textOfUndefined(fresh, key) : undefined;
      return typed ? typed(value, depth, holder) : this.#values.write(value, depth);
    });
  }

  #typed(type: TypeDeclaration, property: string): (value: unknown, depth: number, holder: Fields) => string {
    const isMap = type.designType === Map;
    const writerOf = forTypeOf(type, (resolved) =>
      type.discriminator ? this.#discriminated(resolved, type.discriminator) : this.#ofType(resolved),
    );
    return (value, depth, object) => {
      const write = writerOf({}, object, property);
      if (!isMap) return write(value, depth);
      if (typeof value !== 'object' || value === null) return this.#values.write(value, depth);
      const kind = this.#values.kindOf(value);
      if (kind === 'plain') return this.#values.record(value, depth, write);
      return kind === 'class' ? this.#undeclared(value, depth) : write(value, depth);
    };
  }

  #ofType(type: unknown): WriteValue {
    const coerce = COERCIONS.get(type);
    if (coerce) return this.#containers((value, depth) => this.#values.write(coerce(value), depth), coerce);
    if (!isFieldClass(type)) return this.#values.write;
    let plan: WritePlan | undefined;
    const write = this.#containers((value, depth) => {
      const hasFields = ['plain', 'class', 'array'].includes(this.#values.kindOf(value));
      return hasFields
        ? this.#instance(this.#planOf(type, prototypeOf(value)), value, depth)
        : this.#values.write(value, depth);
    });
    return (value, depth) => {
      const isOwn = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === type.prototype;
      return isOwn
        ? this.#instance((plan ??= this.#planOf(type, type.prototype as object)), value, depth)
        : write(value, depth);
    };
  }

  #discriminated(base: unknown, { property, subTypes }: Discriminator): WriteValue {
    const plans = new WeakMap<object, WritePlan>();
    return this.#containers((value, depth) => {
      if (this.#values.kindOf(value) !== 'class') return this.#values.write(value, depth);
      const prototype = prototypeOf(value);
      const subType = subTypes.find((candidate) => candidate.value === prototype.constructor);
      if (!subType && prototype.constructor !== base) {
        throw new UnwritableValue(`its class ${prototype.constructor.name} is not among the subTypes of its @Type()`);
      }
      const constant = subType && writeField(property, property, () => textOfString(subType.name));
      const plan =
        plans.get(prototype) ?? this.#compile(prototype.constructor as unknown as AnyClass, prototype, constant);
      plans.set(prototype, plan);
      return this.#instance(plan, value, depth);
    });
  }

  #containers(writeObject: WriteObject, coerce?: (value: unknown) => unknown): WriteValue {
    const write: WriteValue = (value, depth) => {
      if (typeof value === 'object' && value !== null) {
        return this.#values.container(value, depth, write) ?? writeObject(value, depth);
      }
      const isCoerced = coerce && value !== undefined && value !== null;
      return this.#values.write(isCoerced ? coerce(value) : value, depth);
    };
    return write;
  }
}

function prototypeOf(value: object): object {
  return (Object.getPrototypeOf(value) as object | null) ?? Object.prototype;
}

function newInstanceOf(type: AnyClass): object {
  try {
    return new (type as new () => object)();
  } catch (cause) {
    throw new UnwritableValue(`new ${type.name}() fails, so it could not be read back`, { cause });
  }
}
