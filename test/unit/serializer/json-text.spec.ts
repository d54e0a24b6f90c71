import * as fc from 'fast-check';
import { joinFields, splitFields } from '../../../src/serializer/json-text.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import { anyText } from '../../support/any-text.js';

describe('splitFields and joinFields', () => {
  it('return the text of each top-level field, in order', () => {
    const fields = splitFields('{"b":{"c":[1,{"d":"}"}]},"a":"x,\\"y\\":{","1":null,"":-1.5e3,"e":[]}');
    expect([...fields]).toEqual([
      ['b', '{"c":[1,{"d":"}"}]}'],
      ['a', '"x,\\"y\\":{"'],
      ['1', 'null'],
      ['', '-1.5e3'],
      ['e', '[]'],
    ]);
  });

  it('return nothing for an empty object', () => {
    expect(splitFields('{}').size).toBe(0);
    expect(joinFields(new Map())).toBe('{}');
  });

  it('decode names and change no prototype', () => {
    expect([...splitFields('{"\\u005f_proto__":1,"a\\"b\\\\":2}')]).toEqual([
      ['__proto__', '1'],
      ['a"b\\', '2'],
    ]);
  });

  it('accept white space between fields', () => {
    expect([...splitFields(' {\n "a" : [ 1 , 2 ] ,\t"b":{ } }\n')]).toEqual([
      ['a', '[ 1 , 2 ]'],
      ['b', '{ }'],
    ]);
  });

  it.each(['', '[]', '"a"', '1', 'null', '{"a":1', '{"a":1}}', "{'a':1}"])('reject %j', (text) => {
    expect(() => splitFields(text)).toThrow(SyntaxError);
  });

  it('are inverse, and consistent with JSON.parse', () => {
    fc.assert(
      fc.property(fc.dictionary(anyText(), fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true }), (object) => {
        const text = JSON.stringify(object);
        const fields = splitFields(text);
        expect(joinFields(fields)).toBe(text);
        expect([...fields]).toEqual(Object.entries(object).map(([name, value]) => [name, JSON.stringify(value)]));
      }),
    );
  });

  it('are used by the serializer', () => {
    class Account {
      visits = 1;
      at = new Date(5);
    }
    const serializer = new SessionSerializerReflection(Account);
    const fields = serializer.split(serializer.serialize(new Account()));
    expect(Object.fromEntries(fields)).toEqual({ at: '{"#date":5}', visits: '1' });
    fields.set('visits', '2');
    expect(serializer.deserialize(serializer.join(fields))).toEqual({ visits: 2, at: new Date(5) });
  });
});
