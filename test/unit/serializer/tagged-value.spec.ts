import * as fc from 'fast-check';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import { anyText } from '../../support/any-text.js';

class Bag {
  value?: unknown;
}

const serializer = new SessionSerializerReflection(Bag);

function written(value: unknown): string {
  return serializer.serialize(Object.assign(new Bag(), { value }));
}

function roundTrip(value: unknown): unknown {
  return serializer.deserialize(written(value)).value;
}

const leaf = fc.oneof(
  anyText(),
  fc.constantFrom('#date', '{"#date":1}', '"', '\\', '\ud800', ' '),
  fc.double(),
  fc.integer(),
  fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 1e21, 5e-324),
  fc.bigInt(),
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 9 }),
  fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
);

const name = fc
  .oneof(
    fc.string(),
    fc.constantFrom('#date', '#map', '#object', '#undefined', '#mine', '#', 'then', 'toJSON', 'length', 'toString'),
  )
  .filter((key) => !['__proto__', 'constructor', 'prototype'].includes(key));

const anyValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.uniqueArray(fc.tuple(name, tie('value')), { selector: ([key]) => key, maxLength: 4 }).map(Object.fromEntries),
    fc.array(fc.tuple(fc.oneof(leaf, tie('value')), tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
  ),
})).value;

describe('values without decorators', () => {
  it.each<[string, unknown, string]>([
    ['a Date', new Date(1_700_000_000_000), '{"#date":1700000000000}'],
    ['a bigint', -12_345_678_901_234_567_890n, '{"#bigint":"-12345678901234567890"}'],
    ['NaN', NaN, '{"#number":"NaN"}'],
    ['Infinity', Infinity, '{"#number":"Infinity"}'],
    ['-Infinity', -Infinity, '{"#number":"-Infinity"}'],
    ['-0', -0, '{"#number":"-0"}'],
    [
      'a Map',
      new Map<unknown, unknown>([
        [1, 'a'],
        ['1', new Date(5)],
      ]),
      '{"#map":[[1,"a"],["1",{"#date":5}]]}',
    ],
    ['a Set', new Set([1, 'a', null]), '{"#set":[1,"a",null]}'],
    ['a Buffer', Buffer.from('hi'), '{"#bytes":"aGk="}'],
    ['a Uint8Array', new Uint8Array([104, 105]), '{"#uint8array":"aGk="}'],
    ['undefined in an object', { a: undefined }, '{"a":{"#undefined":0}}'],
    ['undefined in an array', [undefined, null], '[{"#undefined":0},null]'],
    ['an object that looks like a tag', { '#date': 5 }, '{"#object":{"#date":5}}'],
    [
      'an object that looks like an escaped tag',
      { '#object': { '#date': 5 } },
      '{"#object":{"#object":{"#object":{"#date":5}}}}',
    ],
    ['an object of one key with a # of its own', { '#mine': 5 }, '{"#object":{"#mine":5}}'],
    ['an object of more keys with #', { '#date': 5, '#map': 6 }, '{"#date":5,"#map":6}'],
    ['a string that looks like a tag', '{"#date":5}', '"{\\"#date\\":5}"'],
    ['a lone surrogate', 'a\ud800b', '"a\\ud800b"'],
    ['an empty object', {}, '{}'],
    ['a long string', 'x'.repeat(500) + '"', JSON.stringify('x'.repeat(500) + '"')],
  ])('writes and reads %s', (_, value, text) => {
    expect(written(value)).toBe(`{"value":${text}}`);
    const back = roundTrip(value);
    expect(back).toStrictEqual(value);
    expect(Object.getPrototypeOf(back as object)).toBe(Object.getPrototypeOf(value as object));
  });

  it('writes and reads an invalid Date', () => {
    const text = written([new Date(NaN)]);
    expect(text).toBe('{"value":[{"#date":null}]}');
    const [back] = serializer.deserialize(text).value as [Date];
    expect(back).toBeInstanceOf(Date);
    expect(back.getTime()).toBeNaN();
  });

  it('writes and reads every combination, and writes equal text again', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const text = written(value);
        const back = serializer.deserialize(text);
        expect(back.value).toStrictEqual(value);
        expect(serializer.serialize(back)).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  it('writes plain JSON as JSON.stringify does', () => {
    const json = fc.jsonValue({ depthSize: 'small', noUnicodeString: false }).filter((value) => {
      const text = JSON.stringify(value);
      return !text.includes('{"#') && !/"(__proto__|constructor|prototype)"/.test(text) && !Object.is(value, -0);
    });
    fc.assert(
      fc.property(json, (value) => {
        fc.pre(!JSON.stringify(value, (_, item: unknown) => (Object.is(item, -0) ? '-0!' : item)).includes('-0!'));
        expect(written(value)).toBe(`{"value":${JSON.stringify(value)}}`);
      }),
    );
  });

  it('writes a hole of an array as undefined', () => {
    // eslint-disable-next-line no-sparse-arrays
    expect(roundTrip([1, , 3])).toEqual([1, undefined, 3]);
  });

  it('writes an instance of an undeclared class, and reads a plain object', () => {
    class Point {
      x = 1;
      label?: string = undefined;
    }
    expect(roundTrip(new Point())).toStrictEqual({ x: 1, label: undefined });
  });

  it('recognizes built-in classes of another realm', () => {
    const foreign = structuredClone({ at: new Date(5), map: new Map([['a', 1]]), set: new Set([1]), plain: { a: 1 } });
    expect(foreign).not.toBeInstanceOf(Object);
    expect(roundTrip(foreign)).toStrictEqual({
      at: new Date(5),
      map: new Map([['a', 1]]),
      set: new Set([1]),
      plain: { a: 1 },
    });
  });

  it('reads an object without prototype as a plain object', () => {
    expect(roundTrip(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 });
  });

  it('writes and reads 100 levels, in every container', () => {
    const wrap = [
      (inner: unknown) => [inner],
      (inner: unknown) => ({ a: inner }),
      (inner: unknown) => new Map([[1, inner]]),
    ];
    let value: unknown = new Set(['end']);
    for (let level = 1; level < 100; level++) value = wrap[level % 3]!(value);
    expect(roundTrip(value)).toStrictEqual(value);
    expect(() => written([value])).toThrow('it is nested more than 100 levels deep');
  });
});
