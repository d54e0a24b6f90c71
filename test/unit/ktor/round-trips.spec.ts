import * as fc from 'fast-check';
import { SessionUnserializableError } from 'nestjs-sessions';
import {
  bigDecimal,
  bigInteger,
  boolean,
  char,
  defaultSessionSerializer,
  double,
  defaulted,
  enumOf,
  float,
  int,
  KotlinxBackwardCompatibleSessionSerializer,
  list,
  long,
  map,
  nested,
  nullable,
  optional,
  reflectionSessionSerializer,
  Sealed,
  SerialName,
  set,
  SimpleName,
  string,
  uuid,
  type KotlinType,
} from 'nestjs-sessions/ktor';
import { anyText } from '../../support/any-text.js';

/** A Kotlin type, and values of it. */
interface Sample {
  readonly type: KotlinType;
  readonly values: fc.Arbitrary<unknown>;
}

const formText = fc.oneof(
  anyText(),
  fc.string({ unit: fc.constantFrom('&', '=', '%', '+', ' ', '#', 'a', '\t', '"', '\\', 'é', '€', '😀') }),
);

const scalars: readonly Sample[] = [
  { type: string(), values: formText },
  { type: char(), values: fc.string({ minLength: 1, maxLength: 1 }) },
  { type: boolean(), values: fc.boolean() },
  { type: int(), values: fc.integer() },
  { type: long(), values: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
  { type: long('number'), values: fc.maxSafeInteger() },
  { type: double(), values: fc.double() },
  { type: enumOf('A', 'B', 'Ä'), values: fc.constantFrom('A', 'B', 'Ä') },
  { type: uuid(), values: fc.uuid() },
  { type: bigInteger(), values: fc.bigInt() },
  { type: bigDecimal(), values: fc.constantFrom('0', '1.10', '1E+3', '-1E-10') },
];

const scalar = fc.constantFrom(...scalars);
const key = fc.constantFrom(...scalars.slice(0, 6));

const listSample = scalar.map((of): Sample => ({ type: list(of.type), values: fc.array(of.values) }));
const setSample = scalar.map((of): Sample => ({
  type: set(of.type),
  values: fc.uniqueArray(of.values).map((values) => new Set(values)),
}));
const mapSample = fc.tuple(key, scalar).map(([of, to]): Sample => ({
  type: map(of.type, to.type),
  values: fc.array(fc.tuple(of.values, to.values)).map((entries) => new Map(entries)),
}));
const orNull = (sample: fc.Arbitrary<Sample>): fc.Arbitrary<Sample> =>
  sample.map(({ type, values }) => ({ type: nullable(type), values: fc.option(values) }));

const simple = fc.oneof(scalar, listSample, setSample, mapSample, orNull(scalar), orNull(listSample));
const reflectionOnly = fc.oneof(
  fc.constant<Sample>({ type: float(), values: fc.float() }),
  fc.constant<Sample>({ type: optional(string()), values: fc.option(formText, { nil: undefined }) }),
);

/** A class of these fields and a value of it. */
function session(
  fields: fc.Arbitrary<Sample>,
  Parent: new () => object = Object,
): fc.Arbitrary<{ type: new () => object; value: object }> {
  const names = fc.uniqueArray(fc.constantFrom('a', 'B', 'userId', 'käse', 'z_1', '$x'), {
    minLength: 1,
    maxLength: 4,
  });
  return names.chain((properties) =>
    fc.array(fields, { minLength: properties.length, maxLength: properties.length }).chain((samples) => {
      const Generated = Parent === Object ? class Generated {} : class Generated extends Parent {};
      properties.forEach((property, index) => samples[index]!.type(Generated.prototype, property));
      return fc.tuple(...samples.map(({ values }) => values)).map((values) => {
        const value = new Generated();
        properties.forEach((property, index) =>
          Object.defineProperty(value, property, {
            value: values[index],
            enumerable: true,
            writable: true,
            configurable: true,
          }),
        );
        return { type: Generated, value };
      });
    }),
  );
}

/** Such a class with another one as its last field. */
function nesting(fields: fc.Arbitrary<Sample>): fc.Arbitrary<{ type: new () => object; value: object }> {
  return fc.tuple(session(fields), session(fields)).map(([outer, inner]) => {
    nested(() => inner.type)(outer.type.prototype as object, 'zzz');
    return { type: outer.type, value: Object.assign(outer.value, { zzz: inner.value }) };
  });
}

/** A sealed class with two generated classes below it, and an instance of one of them. */
function sealed(fields: fc.Arbitrary<Sample>): fc.Arbitrary<{ type: new () => object; value: object }> {
  return fc.constant(undefined).chain(() => {
    class Parent {}
    return fc.tuple(session(fields, Parent), session(fields, Parent), fc.boolean()).map(([first, second, isFirst]) => {
      Sealed(() => [first.type, second.type])(Parent);
      for (const [name, { type }] of Object.entries({ First: first, Second: second })) {
        SimpleName(name)(type);
        SerialName(`com.example.${name}`)(type);
      }
      return { type: Parent, value: (isFirst ? first : second).value };
    });
  });
}

/** A class with a field of a sealed class, alone and in what `hold` makes of it. */
function holding(
  fields: fc.Arbitrary<Sample>,
  hold: (type: KotlinType, value: object) => readonly [KotlinType, unknown],
): fc.Arbitrary<{ type: new () => object; value: object }> {
  return fc.tuple(session(fields), sealed(fields)).map(([outer, member]) => {
    const [type, value] = hold(
      nested(() => member.type),
      member.value,
    );
    type(outer.type.prototype as object, 'zzz');
    return { type: outer.type, value: Object.assign(outer.value, { zzz: value }) };
  });
}

/** A class whose fields have defaults, and a value in which some of them stand. */
function withDefaults(): fc.Arbitrary<{ type: new () => object; value: object }> {
  return fc
    .record({ a: formText, b: formText, c: fc.integer(), d: fc.option(formText) }, { requiredKeys: [] })
    .map((set) => {
      class Defaulted {
        @defaulted(string()) a = 'a';
        @defaulted(string()) b = '';
        @defaulted(int()) c = 7;
        @defaulted(nullable(string())) d: string | null = 'é';
      }
      return { type: Defaulted, value: Object.assign(new Defaulted(), set) };
    });
}

const alone = (type: KotlinType, value: object): readonly [KotlinType, unknown] => [type, value];
const inList = (type: KotlinType, value: object): readonly [KotlinType, unknown] => [
  list(nullable(type)),
  [value, null, value],
];
const inMap = (type: KotlinType, value: object): readonly [KotlinType, unknown] => [
  map(string(), list(type)),
  new Map([['k', [value]]]),
];

const classes = (fields: fc.Arbitrary<Sample>): fc.Arbitrary<{ type: new () => object; value: object }> =>
  fc.oneof(session(fields), nesting(fields), sealed(fields), withDefaults());

interface Serializer {
  serialize(value: object): string;
  deserialize(text: string): object;
}

/** Whether the value was rejected; otherwise it must come back the same, and be written the same again. */
function holdsOrRefuses(serializer: Serializer, value: object): boolean {
  let text: string;
  try {
    text = serializer.serialize(value);
  } catch (error) {
    expect(error).toBeInstanceOf(SessionUnserializableError);
    return true;
  }
  const read = serializer.deserialize(text);
  expect(read).toEqual(value);
  expect(serializer.serialize(read)).toBe(text);
  return false;
}

const numRuns = 500;

describe('a value of a generated class', () => {
  it('is restored from the reflection format, or rejected on write', () => {
    const fields = fc.oneof(simple, reflectionOnly);
    let held = 0;
    fc.assert(
      fc.property(fc.oneof(classes(fields), holding(fields, alone)), ({ type, value }) => {
        if (!holdsOrRefuses(reflectionSessionSerializer(type), value)) held++;
      }),
      { numRuns },
    );
    expect(held).toBeGreaterThan(numRuns / 4);
  });

  it('is restored from the kotlinx text format, or rejected on write', () => {
    let held = 0;
    fc.assert(
      fc.property(classes(simple), ({ type, value }) => {
        if (!holdsOrRefuses(new KotlinxBackwardCompatibleSessionSerializer(type), value)) held++;
      }),
      { numRuns },
    );
    expect(held).toBeGreaterThan(numRuns / 10);
  });

  it('is restored from JSON, or rejected on write', () => {
    const generics = fc.oneof(holding(simple, alone), holding(simple, inList), holding(simple, inMap));
    let held = 0;
    fc.assert(
      fc.property(fc.oneof(classes(simple), generics), ({ type, value }) => {
        if (!holdsOrRefuses(defaultSessionSerializer(type), value)) held++;
      }),
      { numRuns },
    );
    expect(held).toBeGreaterThan(numRuns / 2);
  });
});

describe('a random text', () => {
  class Everything {
    @string() s = '';
    @nullable(int()) i: number | null = null;
    @list(string()) l: string[] = [];
    @map(string(), long()) m = new Map<string, bigint>();
    @nullable(nested(() => Everything)) n: Everything | null = null;
  }
  const serializers = [
    reflectionSessionSerializer(Everything),
    new KotlinxBackwardCompatibleSessionSerializer(Everything),
    defaultSessionSerializer(Everything),
  ];
  const texts = serializers.map((serializer) =>
    serializer.serialize(Object.assign(new Everything(), { l: ['a', 'b'], m: new Map([['k', 1n]]) })),
  );
  const mutated = fc
    .tuple(fc.constantFrom(...texts), fc.nat(), fc.nat(3), anyText())
    .map(([text, at, cut, put]) => text.slice(0, at % text.length) + put + text.slice((at % text.length) + cut));

  it('is read as a session or rejected with Unreadable, and changes no prototype', () => {
    fc.assert(
      fc.property(fc.oneof(anyText(), mutated), (text) => {
        for (const serializer of serializers) {
          try {
            expect(serializer.deserialize(text)).toBeInstanceOf(Everything);
          } catch (error) {
            expect(error).toMatchObject({ name: 'Unreadable' });
          }
        }
      }),
      { numRuns: 1000 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});
