import 'reflect-metadata';
import { type ClassTransformOptions, type ExposeOptions, Exclude, Expose, Transform, Type } from 'class-transformer';
// @ts-expect-error class-transformer ships no types beside this file.
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import * as fc from 'fast-check';

/** Classes with random decorators, and values for them: what the compiled plans are compared on with class-transformer. */

export type GeneratedClass = new () => Record<string, unknown>;

export class ListOfOwn extends Array<unknown> {}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const STORED_NAMES = [...NAMES, 'n1', 'n2', '#date', 'a b'] as const;
const EXTRA_NAMES = ['x', 'y', '#map', 'toString', 'method', '0'] as const;
export const DISCRIMINATOR = '__kind';

const limits = fc.record(
  {
    groups: fc.constantFrom([], ['g'], ['h'], ['g', 'h']),
    since: fc.constantFrom(1, 2),
    until: fc.constantFrom(2, 3),
    toClassOnly: fc.boolean(),
    toPlainOnly: fc.boolean(),
  },
  { requiredKeys: [] },
);

const rare = <T>(arbitrary: fc.Arbitrary<T>, weight = 1): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight, arbitrary });

const fieldSpec = fc.record({
  name: fc.constantFrom(...NAMES),
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant('data' as const) },
    { weight: 1, arbitrary: fc.constantFrom('getter' as const, 'accessor' as const, 'method' as const) },
  ),
  initial: fc.constantFrom('none', 'undefined', 'number', 'text', 'null', 'list'),
  type: rare(
    fc.constantFrom(
      'String',
      'Number',
      'Boolean',
      'Date',
      'Object',
      'class',
      'class',
      'class',
      'dynamic',
      'discriminated',
    ),
    3,
  ),
  classIndex: fc.nat(3),
  keptDiscriminator: fc.boolean(),
  design: fc.constantFrom(undefined, undefined, 'Array', 'Set', 'Map', 'ListOfOwn', 'Object'),
  expose: rare(fc.tuple(rare(fc.constantFrom<string>(...STORED_NAMES)), fc.oneof(fc.constant({}), limits)), 2),
  // With a direction it means something else here than in class-transformer.
  exclude: rare(fc.constant({})),
  transforms: rare(fc.array(fc.tuple(fc.nat(6), fc.oneof(fc.constant({}), limits)), { minLength: 1, maxLength: 2 })),
});

const classSpec = fc.record({
  extends: fc.option(fc.nat(3), { freq: 2 }),
  strategy: fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom('exclude' as const, 'expose' as const) },
  ),
  fields: fc.uniqueArray(fieldSpec, { selector: (field) => field.name, maxLength: 5 }),
});

type ValueOf<A> = A extends fc.Arbitrary<infer V> ? V : never;
export type FieldSpec = ValueOf<typeof fieldSpec>;
export type ClassSpec = ValueOf<typeof classSpec>;

export const classSpecs = fc.array(classSpec, { minLength: 1, maxLength: 4 });

export const transformOptions: fc.Arbitrary<ClassTransformOptions> = fc.record(
  {
    strategy: fc.constantFrom('exposeAll' as const, 'excludeAll' as const),
    excludeExtraneousValues: fc.boolean(),
    groups: fc.constantFrom([], ['g'], ['h']),
    version: fc.constantFrom(1, 2, 3),
    exposeDefaultValues: fc.boolean(),
  },
  { requiredKeys: [] },
);

const TRANSFORMS: ReadonlyArray<Parameters<typeof Transform>[0]> = [
  ({ value }) => value,
  ({ value }) => (typeof value === 'number' ? value + 1 : value),
  ({ value }) => (Array.isArray(value) ? value.length : value),
  ({ obj, key }) => obj[key] ?? (typeof obj.a === 'number' ? obj.a : undefined),
  ({ value, type }) => (typeof value === 'string' ? `${type}${value}` : value),
  ({ value }) => (value === undefined || value === null || typeof value === 'function' ? value : [value]),
  () => undefined,
];

const INITIAL: Readonly<Record<string, unknown>> = { number: 7, text: 'initial', null: null, undefined: undefined };
const DESIGN: Readonly<Record<string, unknown>> = { Array, Set, Map, Object, ListOfOwn };
const TYPES: Readonly<Record<string, unknown>> = { String, Number, Boolean, Date, Object };

/**
 * Without stored names that another field has as well, where nothing but values made for a field may end up in it:
 * class-transformer empties objects of which no decorator says anything, and reads keys of a Map as properties.
 */
export function fitTo(options: ClassTransformOptions, given: readonly ClassSpec[]): readonly ClassSpec[] {
  const specs = withoutResponses(options, given);
  if (!isStrict(options, specs)) return specs;
  const fit = (field: FieldSpec): FieldSpec => ({
    ...field,
    expose: field.expose?.[0] === undefined ? field.expose : [`stored ${field.name}`, field.expose[1]],
  });
  return specs.map((spec) => ({ ...spec, fields: spec.fields.map(fit) }));
}

/**
 * Without groups where none is selected, and without directions where only exposed fields are stored: these decide on
 * responses, and the serializer stores the fields.
 */
function withoutResponses(options: ClassTransformOptions, specs: readonly ClassSpec[]): readonly ClassSpec[] {
  const isOpen = options.strategy !== 'excludeAll' && !options.excludeExtraneousValues;
  const isDirected = isOpen && specs.every(({ strategy }) => strategy !== 'exclude');
  const fit = (field: FieldSpec): FieldSpec => {
    if (!field.expose) return field;
    const [name, limited] = field.expose;
    const { groups, toClassOnly, toPlainOnly, ...others } = limited as ValueOf<typeof limits>;
    const ofGroups = groups && options.groups?.length ? { groups } : {};
    const ofDirection = isDirected ? { ...(toClassOnly && { toClassOnly }), ...(toPlainOnly && { toPlainOnly }) } : {};
    return { ...field, expose: [name, { ...others, ...ofGroups, ...ofDirection }] };
  };
  return specs.map((spec) => ({ ...spec, fields: spec.fields.map(fit) }));
}

function isStrict({ strategy, excludeExtraneousValues }: ClassTransformOptions, specs: readonly ClassSpec[]): boolean {
  const hasMaps = specs.some(({ fields }) => fields.some(({ design }) => design === 'Map'));
  return hasMaps || strategy === 'excludeAll' || excludeExtraneousValues === true;
}

/** Removes every declaration, so that a long run does not keep all its classes in memory. */
export function clearMetadata(): void {
  for (const member of Object.values(defaultMetadataStorage as object)) (member as Map<unknown, unknown>).clear();
}

export function parentOf(specs: readonly ClassSpec[], index: number): number | undefined {
  const parent = specs[index]!.extends;
  return parent !== null && parent < index ? parent : undefined;
}

/** The fields of a class with the inherited ones; one that replaces an inherited one without `@Type` inherits that. */
export function fieldsOf(specs: readonly ClassSpec[], index: number): FieldSpec[] {
  const parent = parentOf(specs, index);
  const fields = new Map(parent === undefined ? [] : fieldsOf(specs, parent).map((field) => [field.name, field]));
  for (const field of specs[index]!.fields) {
    const inherited = fields.get(field.name);
    const { type, design, classIndex, keptDiscriminator } = field.type === undefined && inherited ? inherited : field;
    fields.set(field.name, { ...field, type, design: design ?? inherited?.design, classIndex, keptDiscriminator });
  }
  return [...fields.values()];
}

export function buildClasses(specs: readonly ClassSpec[]): GeneratedClass[] {
  const classes: GeneratedClass[] = [];
  specs.forEach((spec, index) => classes.push(emptyClass(spec, classes[parentOf(specs, index) ?? -1])));
  specs.forEach((spec, index) => {
    if (spec.strategy === 'exclude') Exclude()(classes[index]!);
    if (spec.strategy === 'expose') Expose()(classes[index]!);
    for (const field of spec.fields) decorate(classes[index]!.prototype as object, field, classes);
  });
  return classes;
}

function emptyClass(spec: ClassSpec, parent: GeneratedClass = Object as unknown as GeneratedClass): GeneratedClass {
  const initialised = spec.fields.filter(({ kind, initial }) => kind === 'data' && initial !== 'none');
  const Generated = class extends parent {
    constructor() {
      super();
      for (const { name, initial } of initialised) {
        const value = initial === 'list' ? [] : INITIAL[initial];
        Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
      }
    }
  };
  for (const { name, kind } of spec.fields) if (kind !== 'data') defineMember(Generated.prototype, name, kind);
  Object.defineProperty(Generated.prototype, 'method', { value: () => 1, writable: true, configurable: true });
  return Generated;
}

function defineMember(prototype: object, name: string, kind: 'getter' | 'accessor' | 'method'): void {
  if (kind === 'method') {
    Object.defineProperty(prototype, name, { value: () => `method ${name}`, writable: true, configurable: true });
    return;
  }
  const held = new WeakMap<object, unknown>();
  const get = function (this: object): unknown {
    return held.get(this) ?? `derived ${name}`;
  };
  const set = function (this: object, value: unknown): void {
    held.set(this, value);
  };
  Object.defineProperty(prototype, name, { get, ...(kind === 'accessor' ? { set } : {}), configurable: true });
}

function decorate(prototype: object, field: FieldSpec, classes: readonly GeneratedClass[]): void {
  const { name, type, design, expose, exclude, transforms } = field;
  // class-transformer treats any value of a field declared as a Map as a Map; subclasses inherit the design type.
  const isNoMap = type === 'discriminated' || type === 'Object';
  const designType = isNoMap && (design === undefined || design === 'Map') ? 'Object' : design;
  if (designType) Reflect.defineMetadata('design:type', DESIGN[designType], prototype, name);
  if (type) decorateType(prototype, field, classes);
  if (expose)
    Expose({ ...(expose[0] === undefined ? {} : { name: expose[0] }), ...(expose[1] as ExposeOptions) })(
      prototype,
      name,
    );
  if (exclude) Exclude(exclude)(prototype, name);
  for (const [index, options] of transforms ?? [])
    Transform(TRANSFORMS[index]!, options as ExposeOptions)(prototype, name);
}

function decorateType(prototype: object, field: FieldSpec, classes: readonly GeneratedClass[]): void {
  const { name, type, keptDiscriminator } = field;
  const declared = classes[field.classIndex % classes.length]!;
  if (type === 'class') Type(() => declared)(prototype, name);
  else if (type === 'dynamic') Type((help) => (help!.object['a'] === 1 ? declared : classes[0]!))(prototype, name);
  else if (type === 'discriminated') {
    const subTypes = classes.map((value, index) => ({ name: `kind ${index}`, value }));
    Type(() => declared, {
      discriminator: { property: DISCRIMINATOR, subTypes },
      keepDiscriminatorProperty: keptDiscriminator,
    })(prototype, name);
  } else Type(() => TYPES[type!] as never)(prototype, name);
}

/** A sequence of random choices; the first option is the simplest, and failures shrink to it. */
export class Draw {
  readonly #data: fc.GeneratorValue;

  constructor(data: fc.GeneratorValue) {
    this.#data = data;
  }

  upTo(max: number): number {
    return this.#data(fc.nat, max);
  }

  oneOf<T>(options: readonly T[]): T {
    return options[this.upTo(options.length - 1)]!;
  }

  list<T>(maxLength: number, make: () => T): T[] {
    return Array.from({ length: this.upTo(maxLength) }, make);
  }
}

const SCALARS: readonly unknown[] = [1, 0, 2, 'text', null, true, false, '', '12', '#date', -7, 2.5, 'ü\n"'];
const TIMES = [0, 1_700_000_000_000, 86_400_000];

interface Context {
  readonly specs: readonly ClassSpec[];
  readonly classes: readonly GeneratedClass[];
  readonly options: ClassTransformOptions;
  /** Whether values stand in an instance that is written, or in what JSON.parse gave. */
  readonly direction: 'write' | 'read';
}

/** Random values for generated classes. */
export class GeneratedValues {
  readonly #draw: Draw;
  readonly #context: Context;

  constructor(data: fc.GeneratorValue, context: Context) {
    this.#draw = new Draw(data);
    this.#context = context;
  }

  get #isStrict(): boolean {
    return isStrict(this.#context.options, this.#context.specs);
  }

  // class-transformer empties plain objects then, as no class declares their fields. The serializer keeps them.
  get #emptiesObjects(): boolean {
    const { specs, options } = this.#context;
    const hasObjects = specs.some(({ fields }) => fields.some(({ type }) => type === 'Object'));
    return options.strategy === 'excludeAll' || (hasObjects && options.excludeExtraneousValues === true);
  }

  // class-transformer writes them also where no class reads them.
  get #hasStoredNames(): boolean {
    return this.#context.specs.some(({ fields }) => fields.some(({ expose }) => expose?.[0] !== undefined));
  }

  /** An instance of a generated class, as an application could hold it. */
  instanceOf(index: number, depth = 0): Record<string, unknown> {
    const { specs, classes } = this.#context;
    const instance = new classes[index]!();
    for (const field of fieldsOf(specs, index)) {
      const isSet = (field.kind === 'data' || field.kind === 'accessor') && this.#draw.upTo(3) > 0;
      if (!isSet) continue;
      const value = this.#fieldValue(field, depth);
      // As a class field does: also over an inherited getter.
      if (field.kind === 'accessor') instance[field.name] = value;
      else Object.defineProperty(instance, field.name, { value, writable: true, enumerable: true, configurable: true });
    }
    if (this.#draw.upTo(2) === 2) instance[this.#draw.oneOf(['x', 'y', '0', '#map'])] = this.#undeclared(2);
    return instance;
  }

  /** What JSON.parse could give for a generated class. */
  sourceOf(index: number, depth = 0): Record<string, unknown> {
    const source: Record<string, unknown> = {};
    for (const field of fieldsOf(this.#context.specs, index)) {
      const stored = field.expose?.[0];
      if (this.#draw.upTo(3) > 0) source[stored ?? field.name] = this.#fieldValue(field, depth);
      if (stored !== undefined && this.#draw.upTo(5) === 5) source[field.name] = this.#fieldValue(field, depth);
    }
    for (const name of this.#draw.list(2, () => this.#draw.oneOf(EXTRA_NAMES))) source[name] = this.#undeclared(2);
    return source;
  }

  #fieldValue(field: FieldSpec, depth: number): unknown {
    const isRead = this.#context.direction === 'read';
    if (this.#draw.upTo(12) === 12) return isRead ? null : this.#draw.oneOf([null, undefined]);
    if (field.type === undefined || field.type === 'Object') return this.#undeclared(field.type ? 2 : depth);
    if (field.type === 'Date') return this.#wrapped(field, () => this.#time());
    if (field.type in TYPES) return this.#wrapped(field, () => this.#draw.oneOf(SCALARS));
    if (depth >= 2) return null;
    return this.#wrapped(field, () => this.#typed(field, depth + 1));
  }

  #typed(field: FieldSpec, depth: number): unknown {
    const count = this.#context.classes.length;
    const isDiscriminated = field.type === 'discriminated';
    const index = isDiscriminated ? this.#draw.upTo(count - 1) : field.classIndex % count;
    const kind = this.#draw.upTo(9);
    if (kind > 8 && !isDiscriminated) return this.#draw.oneOf(SCALARS);
    // An instance of another class than the one the type function gives would show a difference that is meant: what
    // its own class excludes is not written either.
    if (field.type === 'dynamic' && (this.#isStrict || this.#context.direction === 'write')) return this.#literal();
    if (this.#context.direction === 'read') {
      const others = this.#isStrict ? [] : ['unknown kind', undefined];
      const name = this.#draw.oneOf([`kind ${index}`, `kind ${index}`, ...others]);
      const source = this.sourceOf(index, depth);
      return isDiscriminated && name !== undefined ? { ...source, [DISCRIMINATOR]: name } : source;
    }
    if (kind > 7 && !isDiscriminated) return this.#literal();
    return this.instanceOf(index, depth);
  }

  #literal(): unknown {
    return Object.fromEntries(this.#draw.list(3, () => [this.#draw.oneOf(NAMES), this.#draw.oneOf(SCALARS)]));
  }

  #wrapped(field: FieldSpec, make: () => unknown): unknown {
    const isRead = this.#context.direction === 'read';
    // class-transformer throws at a discriminator on anything but single objects and arrays of objects.
    if (field.type === 'discriminated') return this.#draw.upTo(1) === 0 ? make() : this.#draw.list(3, make);
    if (field.design === 'Map') {
      const entries = ['k1', 'k2'].slice(0, this.#draw.upTo(2)).map((key): [string, unknown] => [key, make()]);
      return isRead ? Object.fromEntries(entries) : new Map(entries);
    }
    const shape = this.#draw.upTo(3);
    if (shape < 2) return make();
    if (shape === 3 && field.design !== 'Set') return this.#draw.list(2, () => this.#draw.list(2, make));
    const list = this.#draw.list(3, make);
    return field.design === 'Set' && !isRead ? new Set(list) : list;
  }

  #time(): unknown {
    const time = this.#draw.oneOf(TIMES);
    return this.#draw.oneOf([new Date(time), time, new Date(time).toISOString(), null]);
  }

  #undeclared(depth: number): unknown {
    const scalar = (): unknown => this.#draw.oneOf(SCALARS);
    const shape = this.#draw.upTo(depth < 2 && this.#context.direction === 'write' ? 6 : 5);
    if (shape === 3) return this.#draw.list(3, scalar);
    if (shape === 4 && !this.#isStrict) return new Date(this.#draw.oneOf(TIMES));
    if (shape === 5 && !this.#emptiesObjects) {
      return { p: scalar(), [this.#draw.oneOf(['q', '#date', '#set'])]: [{ r: scalar() }] };
    }
    if (shape === 6 && !this.#hasStoredNames) {
      return this.instanceOf(this.#draw.upTo(this.#context.classes.length - 1), depth + 1);
    }
    return scalar();
  }
}
