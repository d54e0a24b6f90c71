import * as fc from 'fast-check';
import { decodeValue, MAX_DEPTH } from '../../../src/serializer/tagged-value.js';
import { TextCursor } from '../../../src/serializer/fast/text-cursor.js';

/** The value of the whole text; throws where the cursor leaves it to JSON.parse. */
function read(text: string): unknown {
  const cursor = new TextCursor(text);
  const value = cursor.value(0);
  if (!cursor.isAtEnd) throw new SyntaxError('There is more behind it.');
  return value;
}

describe('TextCursor', () => {
  it.each([
    ['a string', '"a b"'],
    ['an empty string', '""'],
    ['a string beyond Latin-1', '"héllo ✓ 𝄞"'],
    ['zero', '0'],
    ['a whole number', '1735790706789'],
    ['a negative number', '-15'],
    ['negative zero', '-0'],
    ['a number of more digits than are safe', '12345678901234567890'],
    ['a fraction', '19.99'],
    ['a number with an exponent', '1e+21'],
    ['the smallest number', '5e-324'],
    ['true', 'true'],
    ['false', 'false'],
    ['null', 'null'],
    ['an empty array', '[]'],
    ['an array', '[1,"a",[null,true],{}]'],
    ['an empty object', '{}'],
    ['an object', '{"b":1,"a":{"c":[false]}}'],
    ['an object with integer names', '{"b":1,"2":1,"1":1}'],
    ['an object with a name twice', '{"a":1,"b":2,"a":3}'],
    ['an object with an empty name', '{"":1}'],
  ])('reads %s as JSON.parse does', (_, text) => {
    expect(read(text)).toStrictEqual(JSON.parse(text));
    expect(JSON.stringify(read(text))).toBe(JSON.stringify(JSON.parse(text)));
  });

  it.each([
    ['a Date', '{"#date":1700000000000}', new Date(1_700_000_000_000)],
    ['a bigint', '{"#bigint":"-12"}', -12n],
    ['a number that JSON has not', '{"#number":"NaN"}', NaN],
    ['undefined', '{"#undefined":0}', undefined],
    [
      'a Map',
      '{"#map":[["a",{"#date":1}],[1,[2]]]}',
      new Map<unknown, unknown>([
        ['a', new Date(1)],
        [1, [2]],
      ]),
    ],
    ['a Set', '{"#set":[1,{"#set":[]}]}', new Set([1, new Set()])],
    ['a Buffer', '{"#bytes":"AQI="}', Buffer.of(1, 2)],
    ['a Uint8Array', '{"#uint8array":"AQI="}', Uint8Array.of(1, 2)],
  ])('decodes %s', (_, text, value) => {
    expect(read(text)).toStrictEqual(value);
  });

  it('decodes an invalid Date', () => {
    expect((read('{"#date":null}') as Date).getTime()).toBeNaN();
  });

  it('ignores names that could reach a prototype', () => {
    expect(read('{"__proto__":{"a":1},"constructor":1,"prototype":1,"b":2}')).toStrictEqual({ b: 2 });
  });

  it.each([
    ['nothing', ''],
    ['white space', ' 1'],
    ['white space in an array', '[1, 2]'],
    ['white space in an object', '{"a": 1}'],
    ['a word', 'nothing'],
    ['a word cut off', 'tru'],
    ['a word that goes on', 'truest'],
    ['a string without end', '"a'],
    ['a name without end', '{"a'],
    ['a name without value', '{"a"}'],
    ['a name without quotes', '{a:1}'],
    ['a value without name', '{1}'],
    ['a comma too many in an array', '[1,]'],
    ['a comma too many in an object', '{"a":1,}'],
    ['a comma too few in an array', '[1 2]'],
    ['a comma too few in an object', '{"a":1"b":2}'],
    ['an array without end', '[1'],
    ['an object without end', '{"a":1'],
    ['the wrong bracket', '[1}'],
    ['the wrong brace', '{"a":1]'],
    ['a minus alone', '-'],
    ['a leading zero', '01'],
    ['a leading plus', '+1'],
    ['a fraction without digits', '1.'],
    ['an exponent without digits', '1e'],
    ['two numbers in one', '1-2'],
    ['two values', '1,2'],
  ])('leaves %s to JSON.parse', (_, text) => {
    expect(() => read(text)).toThrow(SyntaxError);
  });

  it.each([
    ['what looks like a tag and is none', '{"#object":{"#date":1}}'],
    ['a name of the user with #', '{"#mine":1}'],
    ['a tag beside another name', '{"#date":1,"a":2}'],
    ['a tag under a tag', '{"#date":{"#number":"NaN"}}'],
    ['a broken tag', '{"#date":"today"}'],
    ['a depth that is too great', `${'['.repeat(MAX_DEPTH + 2)}${']'.repeat(MAX_DEPTH + 2)}`],
  ])('leaves %s to the decoder of parsed JSON', (_, text) => {
    expect(() => read(text)).toThrow(SyntaxError);
  });

  it('reads any value of JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (json) => {
        const text = JSON.stringify(JSON.parse(json));
        fc.pre(!text.includes('\\') && !text.includes('"#'));
        expect(read(text)).toStrictEqual(decodeValue(JSON.parse(text), 0));
      }),
    );
  });

  it('rejects what JSON.parse rejects, and reads the same values', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '-',
      '0',
      '1',
      '.',
      'e',
      '+',
      'true',
      'null',
      'a',
      '"a":',
      '#date',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        let value: unknown;
        try {
          value = read(text);
        } catch {
          return;
        }
        expect(value).toStrictEqual(decodeValue(JSON.parse(text), 0));
      }),
      { numRuns: 20_000 },
    );
  });

  it('accepts a control character in a string', () => {
    expect(read('"a\nb"')).toBe('a\nb');
  });

  it('distinguishes an object from a tag', () => {
    const starts = ['{"a":1}', '{}', '{"#date":1}', '[]', '"{"'];
    expect(starts.map((text) => new TextCursor(text).isAtFields)).toEqual([true, true, false, false, false]);
  });
});
