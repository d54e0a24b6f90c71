import type { ClassTransformOptions } from 'class-transformer';
import { declarationOf, excludedFrom, storedNameOf } from './class-transformer-metadata.js';
import {
  isAssignable,
  type AnyClass,
  type Discriminator,
  type FieldDeclaration,
  type TypeDeclaration,
} from './class-declaration.js';
import { parseObject } from './json-text.js';
import {
  fill,
  isRecord,
  listConstructorOf,
  readContainers,
  readList,
  readMap,
  type ReadValue,
} from './read-containers.js';
import { ReadPlan, type ReadStep } from './read-plan.js';
import type { RememberedFields } from './fast/remembered-fields.js';
import { VERSION_FIELD } from './session-evolution.js';
import { assertReadable, DECODED, decodeFields, decodeValue, isForbidden, type Fields } from './tagged-value.js';
import { type ReadText, TextCursor } from './fast/text-cursor.js';
import { ANY_VALUE, type TextPlan, type TextStep } from './fast/text-plan.js';
import { COERCIONS, forTypeOf } from './typed-value.js';
import { isFieldClass } from './value-kind.js';
import { formerNamesOf } from './was-called.decorator.js';

const SKIP: ReadStep = () => {};

/** Like `plainToInstance(JSON.parse(text))`, with tags. */
export class ReflectionReader {
  readonly #options: ClassTransformOptions;
  readonly #remembered: RememberedFields;
  readonly #version: number | undefined;
  readonly #plans = new Map<AnyClass, ReadPlan>();

  constructor(options: ClassTransformOptions, remembered: RememberedFields, version?: number) {
    this.#options = options;
    this.#remembered = remembered;
    this.#version = version;
  }

  read<S extends object>(type: new () => S, text: string, start = 0): S {
    const plan = this.#planOf(type);
    const instance =
      (plan.text && readDirectly(plan.text, text, start)) ?? this.#readInstance(plan, parseObject(text), 0);
    return instance as S;
  }

  #readInstance(plan: ReadPlan, source: Fields, depth: number): object {
    assertReadable(depth);
    for (const { from, to } of plan.renamed) rename(source, from, to);
    const isDecoded = plan.needsSource && depth >= 0;
    if (isDecoded) decodeFields(source, depth);
    const depthOfFields = isDecoded ? DECODED : depth + 1;
    const instance = new plan.make() as Fields;
    const names = Object.keys(source);
    const steps = plan.stepsFor(names);
    for (let index = 0; index < names.length; index++) {
      steps[index]!(instance, source[names[index]!], source, depthOfFields);
    }
    for (const { name, assign } of plan.missing) {
      if (!Object.hasOwn(source, name)) assign(instance, undefined, source, DECODED);
    }
    return instance;
  }

  #planOf(type: new () => object): ReadPlan {
    const present = this.#plans.get(type);
    if (present) return present;
    const declaration = declarationOf(type, 'read', this.#options);
    const fresh = new type();
    const excluded = excludedFrom(type);
    const known = new Map<string, ReadStep>([
      [
        VERSION_FIELD,
        (instance, value) => {
          if (value !== this.#version) this.#remembered.set(instance, VERSION_FIELD, value);
        },
      ],
    ]);
    const knownInText = new Map<string, TextStep | typeof ANY_VALUE>();
    const missing: { name: string; assign: ReadStep }[] = [];
    for (const name of declaration.includesUndeclared ? Object.keys(fresh) : []) {
      known.set(name, this.#assigningDecoded(fresh, name));
      if (isAssignable(fresh, name)) knownInText.set(name, ANY_VALUE);
    }
    for (const field of declaration.fields.values()) {
      known.set(field.key, this.#assigning(field, fresh, excluded.has(field.key)));
      const inText = this.#assigningInText(field, fresh);
      if (inText) knownInText.set(field.key, inText);
      else knownInText.delete(field.key);
      const assign = field.exposed ? this.#assigningMissing(field, fresh) : undefined;
      if (assign) missing.push({ name: field.key, assign });
    }
    const unknown = (name: string): ReadStep => this.#keepingUnknown(name, declaration.includesUndeclared);
    const needsSource = [...declaration.fields.values()].some(
      (field) => field.transform ?? field.type?.fixed === false,
    );
    const renamed = [...formerNamesOf(type)].flatMap(([property, names]) =>
      names.map(({ name }) => ({ from: name, to: storedNameOf(type, property) })),
    );
    const plan = new ReadPlan({ make: type, known, knownInText, unknown, missing, needsSource, renamed });
    this.#plans.set(type, plan);
    return plan;
  }

  #keepingUnknown(name: string, includesUndeclared: boolean): ReadStep {
    if (isForbidden(name)) return SKIP;
    return (instance, value, _, depth) => {
      const decoded = decodeValue(value, depth);
      // A newer version may store undefined over an initial value.
      if (includesUndeclared && decoded !== undefined && isAssignable(instance, name)) instance[name] = decoded;
      else this.#remembered.set(instance, name, decoded);
    };
  }

  #assigningDecoded(fresh: object, name: string): ReadStep {
    if (!isAssignable(fresh, name)) return this.#keepingUnknown(name, false);
    return (instance, value, _, depth) => {
      instance[name] = decodeValue(value, depth);
    };
  }

  // Other fields are kept beside the instance.
  #assigning(field: FieldDeclaration, fresh: object, isExcluded: boolean): ReadStep {
    const { target, transform } = field;
    if (!field.isIncluded) return isExcluded ? SKIP : this.#keepingUnknown(field.key, false);
    if (!isAssignable(fresh, target)) return field.exposed ? SKIP : this.#keepingUnknown(field.key, false);
    const typed = field.type && this.#typedReader(field.type, target);
    if (!typed && !transform) return this.#assigningDecoded(fresh, target);
    return (instance, value, source, depth) => {
      const read = typed ? typed(value, depth, instance, source) : value;
      instance[target] = transform ? transform(read, source) : read;
    };
  }

  #assigningInText({ isIncluded, target, type, transform }: FieldDeclaration, fresh: object): TextStep | undefined {
    if (!isIncluded || transform || !type?.fixed || type.discriminator || !isAssignable(fresh, target))
      return undefined;
    if (listConstructorOf(type.designType) || type.designType === Map) return undefined;
    let read: ReadText | undefined;
    return (instance, cursor, depth) => {
      read ??= this.#textReader(type.resolve({ newObject: instance, object: {}, property: target }));
      instance[target] = read(cursor, depth);
    };
  }

  #textReader(type: unknown): ReadText {
    const readDecoded = readContainers(this.#leafReaderOfType(type));
    const plan = !COERCIONS.has(type) && isFieldClass(type) ? this.#planOf(type) : undefined;
    const read: ReadText = (cursor, depth) => {
      if (plan?.text && cursor.isAtFields) return plan.text.read(cursor, depth);
      return cursor.isAtList ? cursor.list(depth, read) : readDecoded(cursor.value(depth), DECODED);
    };
    return read;
  }

  #assigningMissing(field: FieldDeclaration, fresh: object): ReadStep | undefined {
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

  #typedReader(type: TypeDeclaration, property: string) {
    const newList = listConstructorOf(type.designType);
    const isMap = type.designType === Map;
    const readerOf = forTypeOf(type, (resolved) => readContainers(this.#leafReader(resolved, type.discriminator)));
    return (value: unknown, depth: number, newObject: Fields, object: Fields): unknown => {
      const read = readerOf(newObject, object, property);
      if (newList && Array.isArray(value)) return fill(newList(), readList(value, depth, read));
      if (!isMap || Array.isArray(value)) return read(value, depth);
      const decoded = decodeValue(value, depth);
      if (!isRecord(decoded)) return decoded;
      if (decoded instanceof Map || decoded instanceof Set) return read(decoded, DECODED);
      return readMap(Object.entries(decoded), read);
    };
  }

  #leafReader(type: unknown, discriminator: Discriminator | undefined): ReadValue {
    const read = this.#leafReaderOfType(type);
    if (!discriminator) return read;
    const { property, subTypes, kept } = discriminator;
    const readers = new Map(subTypes.map(({ name, value }) => [name as unknown, this.#leafReaderOfType(value)]));
    return (value, depth) => {
      if (!isRecord(value)) return read(value, depth);
      const name = Object.hasOwn(value, property) ? value[property] : undefined;
      const readSubType = readers.get(name);
      const stays = kept || name === undefined || !(readSubType ?? isFieldClass(type));
      if (stays) return (readSubType ?? read)(value, depth);
      delete value[property];
      if (readSubType) return readSubType(value, depth);
      const instance = read(value, depth) as object;
      this.#remembered.set(instance, property, name);
      return instance;
    };
  }

  #leafReaderOfType(type: unknown): ReadValue {
    const coerce = COERCIONS.get(type);
    if (coerce) return (value) => (value === null || value === undefined ? value : coerce(value));
    if (!isFieldClass(type)) return decodeValue;
    let plan: ReadPlan | undefined;
    return (value, depth) =>
      isRecord(value) ? this.#readInstance((plan ??= this.#planOf(type)), value, depth) : decodeValue(value, depth);
  }
}

// Only an older class makes the values differ.
function rename(source: Fields, from: string, to: string): void {
  if (!Object.hasOwn(source, from)) return;
  source[to] = source[from];
  delete source[from];
}

function readDirectly(plan: TextPlan, text: string, start: number): object | undefined {
  if (text.includes('\\')) return undefined;
  try {
    const cursor = new TextCursor(text, start);
    const instance = plan.read(cursor, 0, start > 0);
    return cursor.isAtEnd ? instance : undefined;
  } catch {
    return undefined;
  }
}
