import { isDeepStrictEqual } from 'node:util';
import { instanceToPlain, plainToInstance } from 'class-transformer';
import * as fc from 'fast-check';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import { decodeFields } from '../../../src/serializer/tagged-value.js';
import { fullTests } from '../../support/full-tests.js';
import {
  buildClasses,
  classSpecs,
  clearMetadata,
  fitTo,
  DISCRIMINATOR,
  GeneratedValues,
  transformOptions,
} from './generated-classes.js';

// The same cases every time; with DIFFERENTIAL_CASES that many new ones, with DIFFERENTIAL_SEED those again.
const { DIFFERENTIAL_CASES, DIFFERENTIAL_SEED } = process.env;
const cases = Number(DIFFERENTIAL_CASES ?? (fullTests ? 2000 : 500));
const seed = DIFFERENTIAL_SEED ?? (DIFFERENTIAL_CASES === undefined ? '1' : undefined);

class Holder {
  value?: unknown;
}

const holder = new SessionSerializerReflection(Holder);

/** The tagged text of plain values, for a class to read. */
function textOf(source: Record<string, unknown>): string {
  const fields = Object.entries(source).map(([name, value]): [string, string] => {
    const text = holder.serialize(Object.assign(new Holder(), { value }));
    return [name, holder.split(text).get('value')!];
  });
  return holder.join(new Map(fields));
}

function attempt<T>(action: () => T): { readonly value: T } | undefined {
  try {
    return { value: action() };
  } catch {
    return undefined;
  }
}

/**
 * The same objects with their invalid dates replaced, which are equal to nothing, and without what class-transformer
 * loses of an object that no decorator speaks of: names that Object.prototype has, and a discriminator, also where it
 * then takes nothing.
 */
function comparable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : value;
  if (value instanceof Map) for (const [key, item] of value) value.set(key, comparable(item));
  if (value instanceof Set) return new Set([...value].map(comparable));
  if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const name of ['toString', DISCRIMINATOR]) delete (value as Record<string, unknown>)[name];
  }
  for (const [name, { value: item, writable }] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
    if (writable === true) (value as Record<string, unknown>)[name] = comparable(item);
  }
  return value;
}

/**
 * What class-transformer makes of a Map and a Set on its way to JSON, and without what JSON leaves out, so that the two
 * can be compared.
 */
function asJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return `Date ${value.getTime()}`;
  if (value instanceof Map) return asJson(Object.fromEntries(value));
  if (value instanceof Set) return [...value].map(asJson);
  if (Array.isArray(value)) return value.map(asJson);
  const fields = Object.entries(value).filter(([name, field]) => field !== undefined && name !== DISCRIMINATOR);
  return Object.fromEntries(fields.map(([name, field]) => [name, asJson(field)]));
}

/** Sets as the arrays that class-transformer makes of them: decoded, they would lose what has become equal. */
function withoutSets(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutSets);
  const [only, ...others] = Object.keys(value);
  const fields = value as Record<string, unknown>;
  if (others.length === 0 && only === '#set') return withoutSets(fields['#set']);
  if (others.length === 0 && only === '#object') return value;
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, withoutSets(field)]));
}

function check(compare: (data: fc.GeneratorValue) => 'compared' | 'rejected'): void {
  let compared = 0;
  let runs = 0;
  fc.assert(
    fc.property(fc.gen(), (data) => {
      if (compare(data) === 'compared') compared++;
      if (++runs % 500 === 0) clearMetadata();
    }),
    { numRuns: cases, ...(seed === undefined ? {} : { seed: Number(seed) }), endOnFailure: cases > 10_000 },
  );
  clearMetadata();
  // class-transformer itself throws on the rest (a read-only inherited getter, a value of no known subtype).
  expect(compared).toBeGreaterThan(cases * 0.9);
}

function textOrError(serialize: () => string): string | Error {
  try {
    return serialize();
  } catch (error) {
    return error as Error;
  }
}

function newClasses(data: fc.GeneratorValue) {
  const options = data(() => transformOptions);
  const specs = fitTo(
    options,
    data(() => classSpecs),
  );
  return { options, specs, classes: buildClasses(specs) };
}

describe(`${cases} random classes and values, compared with class-transformer`, () => {
  it('are read as plainToInstance reads them', () => {
    check((data) => {
      const { options, specs, classes } = newClasses(data);
      const source = new GeneratedValues(data, { specs, classes, options, direction: 'read' }).sourceOf(0);
      const text = textOf(source);
      const expected = attempt(() => plainToInstance(classes[0]!, source, { exposeDefaultValues: true, ...options }));
      if (!expected) return 'rejected';
      const actual = new SessionSerializerReflection(classes[0]!, options).deserialize(text);
      const [ours, theirs] = [comparable(actual), comparable(expected.value)];
      if (!isDeepStrictEqual(ours, theirs)) expect(ours).toStrictEqual(theirs);
      return 'compared';
    });
  }, 0x7fffffff);

  it('are written as instanceToPlain writes them', () => {
    check((data) => {
      const { options, specs, classes } = newClasses(data);
      const instance = new GeneratedValues(data, { specs, classes, options, direction: 'write' }).instanceOf(0);
      const text = textOrError(() => new SessionSerializerReflection(classes[0]!, options).serialize(instance));
      const expected = attempt(() => instanceToPlain(instance, { exposeDefaultValues: true, ...options }));
      if (!expected) return 'rejected';
      if (typeof text !== 'string') {
        // An instance with members but no field may or may not be empty.
        if (text.message.includes('whose content is not in its fields')) return 'rejected';
        throw text;
      }
      const actual = asJson(decodeFields(withoutSets(JSON.parse(text)) as Record<string, unknown>, 0));
      const wanted = asJson(expected.value);
      if (!isDeepStrictEqual(actual, wanted)) expect(actual).toStrictEqual(wanted);
      return 'compared';
    });
  }, 0x7fffffff);

  // White space in front sends a text the long way.
  it('are read from the text as through JSON.parse', () => {
    check((data) => {
      const { options, specs, classes } = newClasses(data);
      const serializer = new SessionSerializerReflection(classes[0]!, options);
      const values = new GeneratedValues(data, { specs, classes, options, direction: 'read' });
      const source = Object.entries(values.sourceOf(0)).sort(([left], [right]) => (left < right ? -1 : 1));
      const text = textOf(Object.fromEntries(source));
      const at = data(fc.nat, { max: text.length });
      const damage = data(() =>
        fc.constantFrom('', '"', '{', '}', '[', ']', ',', ':', '1', '-', '.', 'e', '#', 'x', '{}'),
      );
      for (const read of [text, text.slice(0, at) + damage + text.slice(at), text.slice(0, at) + text.slice(at + 1)]) {
        const [short, long] = [read, ` ${read}`].map((one) => attempt(() => serializer.deserialize(one)));
        const [written, writtenToo] = [short, long].map((one) => one && attempt(() => serializer.serialize(one.value)));
        expect(written).toStrictEqual(writtenToo);
        const [ours, theirs] = [short, long].map((one) => one && comparable(one.value));
        if (!isDeepStrictEqual(ours, theirs)) expect(ours).toStrictEqual(theirs);
      }
      return 'compared';
    });
  }, 0x7fffffff);
});
