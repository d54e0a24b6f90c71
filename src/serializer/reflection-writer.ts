import type { ClassTransformOptions } from 'class-transformer';
import { isDeepStrictEqual } from 'node:util';
import { declarationOf, excludedFrom } from './class-transformer-metadata.js';
import type { AnyClass, Discriminator, FieldDeclaration, TypeDeclaration } from './class-declaration.js';
import type { RememberedFields } from './fast/remembered-fields.js';
import { VERSION_FIELD } from './session-evolution.js';
import { escaped, isNeverStored, type Fields } from './tagged-value.js';
import { COERCIONS, forTypeOf, underDiscriminator } from './typed-value.js';
import { rejectUndeclared, scalarOf } from './undeclared-class.js';
import { UnwritableValue } from './unwritable-value.js';
import { isFieldClass } from './value-kind.js';
import { formerNamesOf } from './was-called.decorator.js';
import { assertDepth, hiddenContentError, ValueWriter, writtenDate, type WriteValue } from './value-writer.js';
import { sorted, type WriteField, WritePlan, writeShape, type WriteShape, writtenUndefined } from './write-plan.js';

type WriteObject = (value: object, depth: number) => unknown;

/** Like `JSON.stringify(instanceToPlain(instance))`, with tags and sorted fields. */
export class ReflectionWriter {
  readonly #options: ClassTransformOptions;
  readonly #remembered: RememberedFields;
  readonly #values = new ValueWriter((value, depth) => this.#writeUndeclared(value, depth));
  readonly #plans = new Map<AnyClass | undefined, WeakMap<object, WritePlan>>();
  readonly #sessionPlans = new WeakMap<object, WritePlan>();
  readonly #version: WriteField | undefined;
  /** Writes property names: without the class, nothing maps a stored name back to its property. */
  readonly #undeclared: ReflectionWriter | undefined;

  constructor(
    options: ClassTransformOptions,
    remembered: RememberedFields,
    version?: number,
    names: 'stored' | 'properties' = 'stored',
  ) {
    this.#options = options;
    this.#remembered = remembered;
    if (names === 'stored') this.#undeclared = new ReflectionWriter(options, remembered, undefined, 'properties');
    if (version === undefined) return;
    this.#version = {
      property: VERSION_FIELD,
      stored: VERSION_FIELD,
      write: (session) => this.#remembered.of(session)?.get(VERSION_FIELD) ?? version,
    };
  }

  write(type: new () => object, session: object): string {
    const plan = this.#version
      ? this.#sessionPlan(type, prototypeOf(session))
      : this.#planOf(type, prototypeOf(session));
    return JSON.stringify(this.#writeInstance(plan, session, 0));
  }

  writeFields(fields: Fields): string {
    const written: Fields = {};
    for (const name of Object.keys(fields))
      if (!isNeverStored(name)) written[name] = this.#values.write(fields[name], 1);
    return JSON.stringify(written);
  }

  #sessionPlan(type: AnyClass, prototype: object): WritePlan {
    let plan = this.#sessionPlans.get(prototype);
    if (!plan) this.#sessionPlans.set(prototype, (plan = this.#compile(type, prototype, this.#version)));
    return plan;
  }

  #writeInstance(plan: WritePlan, instance: object, depth: number): object {
    assertDepth(depth);
    const { fields, blank, mayLookTagged } = this.#shapeOf(plan, instance);
    const written: Fields = { ...blank };
    let property = '';
    try {
      for (const field of fields) {
        ({ property } = field);
        written[field.stored] = field.write
          ? field.write(instance as Fields, depth + 1)
          : this.#writeUndeclaredField((instance as Fields)[property], depth + 1, field);
      }
    } catch (error) {
      throw UnwritableValue.within(error, instance, this.#values.kindOf(instance) === 'plain' ? undefined : property);
    }
    return mayLookTagged && depth > 0 ? escaped(written) : written;
  }

  #writeUndeclaredField(value: unknown, depth: number, { whenUndefined }: WriteField): unknown {
    if (typeof value === 'string') return value;
    return value === undefined ? whenUndefined : this.#values.write(value, depth);
  }

  #shapeOf(plan: WritePlan, instance: object): WriteShape {
    const shape = plan.shapeFor(Object.keys(instance));
    const remembered = this.#remembered.of(instance);
    if (!remembered) return shape;
    const byName = new Map(shape.fields.map((field) => [field.stored, field]));
    for (const [name, value] of remembered) {
      if (byName.has(name)) continue;
      const write = (_: Fields, depth: number): unknown => this.#values.write(value, depth);
      byName.set(name, { property: name, stored: name, write });
    }
    return writeShape(sorted(byName));
  }

  /** @throws {UnwritableValue} if a plain object would lose content. */
  #writeUndeclared(value: object, depth: number): unknown {
    if (this.#undeclared) return this.#undeclared.#writeUndeclared(value, depth);
    const undeclaredClass = this.#values.undeclaredClass(value);
    if (undeclaredClass.isPlatformClass) throw hiddenContentError(value);
    if (undeclaredClass.convertsItself) {
      const scalar = scalarOf(value);
      if (scalar !== undefined) return this.#values.write(scalar, depth);
      if (!hasSameJson(value)) rejectUndeclared(undeclaredClass, 'whose toJSON() does not return its fields');
    }
    if (undeclaredClass.problem !== undefined) rejectUndeclared(undeclaredClass, undeclaredClass.problem);
    if (hidesFields(value)) rejectUndeclared(undeclaredClass, 'which has content outside its enumerable fields');
    const written = this.#writeInstance(this.#planOf(undefined, prototypeOf(value)), value, depth);
    if (isEmpty(written as Fields)) {
      if (Symbol.toStringTag in value) throw hiddenContentError(value);
      if (undeclaredClass.hasMembers && Object.keys(value).length === 0) {
        rejectUndeclared(undeclaredClass, 'whose content is not in its fields');
      }
    }
    return written;
  }

  #planOf(type: AnyClass | undefined, prototype: object): WritePlan {
    let plans = this.#plans.get(type);
    if (!plans) this.#plans.set(type, (plans = new WeakMap()));
    let plan = plans.get(prototype);
    if (!plan) plans.set(prototype, (plan = this.#compile(type, prototype)));
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
      undeclared: (property) => ({
        property,
        stored: property,
        whenUndefined: writtenUndefined(fresh, property),
      }),
      excluded: new Set(own && own !== type ? excludedFrom(own) : []),
      defaults: own && fresh ? Object.keys(fresh).filter((property) => writtenUndefined(fresh, property)) : [],
      constant,
      former: this.#undeclared ? formerNamesOf(type ?? own ?? Object) : new Map(),
      inOwnOrder: type === undefined,
    });
  }

  #declaredField(field: FieldDeclaration, fresh: Fields | undefined): WriteField {
    const { key, exposed, transform } = field;
    const typed = field.type && this.#typedWriter(field.type, key);
    const write = (holder: Fields, depth: number): unknown => {
      const raw = holder[key];
      let value = transform ? underDiscriminator(field.type?.discriminator, raw, () => transform(raw, holder)) : raw;
      if (exposed && value === raw && typeof value === 'function') {
        value = (holder as Record<string, () => unknown>)[key]!();
      }
      if (value === undefined) return raw === undefined ? writtenUndefined(fresh, key) : undefined;
      return typed ? typed(value, depth, holder) : this.#values.write(value, depth);
    };
    return { property: key, stored: this.#undeclared ? field.target : key, write };
  }

  #typedWriter(type: TypeDeclaration, property: string): (value: unknown, depth: number, holder: Fields) => unknown {
    const isMap = type.designType === Map;
    const writerOf = forTypeOf(type, (resolved) =>
      type.discriminator ? this.#discriminatedWriter(resolved, type.discriminator) : this.#typeWriter(resolved),
    );
    return (value, depth, object) => {
      const write = writerOf({}, object, property);
      if (!isMap) return write(value, depth);
      if (typeof value !== 'object' || value === null) return this.#values.write(value, depth);
      const kind = this.#values.kindOf(value);
      if (kind === 'plain') return this.#values.record(value, depth, write);
      return kind === 'class' ? this.#writeUndeclared(value, depth) : write(value, depth);
    };
  }

  #typeWriter(type: unknown): WriteValue {
    const coerce = coercionTo(type);
    if (coerce) {
      const write = this.#containerWriter((value, depth) => this.#values.write(coerce(value), depth), coerce);
      return type === Date
        ? (value, depth) => (value instanceof Date ? writtenDate(value) : write(value, depth))
        : write;
    }
    if (!isFieldClass(type)) return this.#values.write;
    let own: WritePlan | undefined;
    const write: WriteValue = (value, depth) => {
      if (typeof value !== 'object' || value === null) return this.#values.write(value, depth);
      if (Object.getPrototypeOf(value) === type.prototype)
        return this.#writeInstance((own ??= this.#ownPlan(type, value)), value, depth);
      const contained = this.#values.container(value, depth, write);
      if (contained !== undefined) return contained;
      const kind = this.#values.kindOf(value);
      if (kind === 'class' && !this.#isReadAs(type, value)) return this.#writeUndeclared(value, depth);
      return ['plain', 'class', 'array'].includes(kind)
        ? this.#writeInstance(this.#planOf(type, prototypeOf(value)), value, depth)
        : this.#values.write(value, depth);
    };
    return write;
  }

  /** `@Type(() => URLSearchParams)`: its fields do not hold its content. */
  #ownPlan(type: AnyClass, value: object): WritePlan {
    if (this.#values.undeclaredClass(value).isPlatformClass) throw hiddenContentError(value);
    return this.#planOf(type, prototypeOf(value));
  }

  /** Whether an instance of another class can be read back as `type` without losing content. */
  #isReadAs(type: AnyClass, value: object): boolean {
    const { problem, convertsItself } = this.#values.undeclaredClass(value);
    if (value instanceof type)
      return problem === undefined || this.#values.undeclaredClassOf(type.prototype as object).problem !== undefined;
    return problem === undefined && !convertsItself && !hidesFields(value);
  }

  #discriminatedWriter(base: unknown, { property, subTypes }: Discriminator): WriteValue {
    const plans = new WeakMap<object, WritePlan>();
    return this.#containerWriter((value, depth) => {
      if (this.#values.kindOf(value) !== 'class') return this.#values.write(value, depth);
      const prototype = prototypeOf(value);
      const subType = subTypes.find((candidate) => candidate.value === prototype.constructor);
      if (!subType && prototype.constructor !== base) {
        throw new UnwritableValue(`its class ${prototype.constructor.name} is not among the subTypes of its @Type()`);
      }
      const constant = subType && { property, stored: property, write: () => subType.name };
      const plan =
        plans.get(prototype) ?? this.#compile(prototype.constructor as unknown as AnyClass, prototype, constant);
      plans.set(prototype, plan);
      return this.#writeInstance(plan, value, depth);
    });
  }

  #containerWriter(writeObject: WriteObject, coerce?: (value: unknown) => unknown): WriteValue {
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

function coercionTo(type: unknown): ((value: unknown) => unknown) | undefined {
  const coerce = COERCIONS.get(type);
  if (!coerce) return undefined;
  return (value) => {
    try {
      return coerce(value);
    } catch {
      throw new UnwritableValue(`it cannot be converted to ${(type as AnyClass).name}, the type of its field`);
    }
  };
}

function prototypeOf(value: object): object {
  return (Object.getPrototypeOf(value) as object | null) ?? Object.prototype;
}

function hasSameJson(value: object): boolean {
  const { toJSON } = value as { toJSON?: () => unknown };
  if (typeof toJSON !== 'function') return true;
  const json = toJSON.call(value);
  return typeof json === 'object' && json !== null && isDeepStrictEqual({ ...json }, { ...value });
}

function hidesFields(value: object): boolean {
  return Reflect.ownKeys(value).length !== Object.keys(value).length;
}

function isEmpty(written: Fields): boolean {
  for (const name in written) if (written[name] !== undefined) return false;
  return true;
}

function newInstanceOf(type: AnyClass): object {
  try {
    return new (type as new () => object)();
  } catch (cause) {
    throw new UnwritableValue(`new ${type.name}() throws, so it cannot be read back`, { cause });
  }
}
