import {
  bigDecimal,
  bigInteger,
  boolean,
  byte,
  char,
  defaulted,
  defaultSessionSerializer,
  double,
  enumOf,
  float,
  int,
  KotlinxJson,
  KotlinxSessionSerializer,
  list,
  long,
  map,
  nested,
  nullable,
  optional,
  Sealed,
  SerialName,
  set,
  short,
  string,
  uuid,
  ValueClass,
  type KotlinType,
} from 'nestjs-sessions/ktor';
import * as samples from './kotlin-samples.js';
import { fieldTextsOf, holderOf } from './kotlin-samples.js';

const { encoded, decoded } = fieldTextsOf((type) => defaultSessionSerializer(type));

describe('KotlinxSessionSerializer', () => {
  it('writes declaration order without white space', () => {
    const serializer = defaultSessionSerializer(samples.TestUserSession);
    const value = new samples.TestUserSession('id2', []);
    expect(serializer.serialize(value)).toBe('{"userId":"id2","cart":[]}');
    expect(serializer.deserialize('{"userId":"id2","cart":[]}')).toEqual(value);
    expect(serializer.deserialize('{"userId":"id2","cart":[]}')).toBeInstanceOf(samples.TestUserSession);
  });

  it.each<[string, KotlinType, unknown, string]>([
    ['null', nullable(string()), null, 'null'],
    ['an Int', int(), -5, '-5'],
    ['a Byte', byte(), -128, '-128'],
    ['a Short', short(), 32767, '32767'],
    ['a Long', long(), 9223372036854775807n, '9223372036854775807'],
    ['a Float', float(), Math.fround(0.1), '0.1'],
    ['a Double', double(), 1, '1.0'],
    ['a Double of 10^7', double(), 1e7, '1.0E7'],
    ['a Double of 10^-5', double(), 1.5e-5, '1.5E-5'],
    ['a Boolean', boolean(), true, 'true'],
    ['a Char', char(), 'a', '"a"'],
    ['an enum', enumOf('A', 'B'), 'B', '"B"'],
    ['a UUID', uuid(), '123e4567-e89b-12d3-a456-426614174000', '"123e4567-e89b-12d3-a456-426614174000"'],
    ['a decimal', bigDecimal(), '1.10', '"1.10"'],
    ['a BigInteger', bigInteger(), 2n ** 70n, '"1180591620717411303424"'],
    ['a list of lists', list(list(int())), [[1], []], '[[1],[]]'],
    ['a set', set(string()), new Set(['a']), '["a"]'],
    ['a map with numbers for keys', map(int(), int()), new Map([[1, 2]]), '{"1":2}'],
    ['a map with constants for keys', map(enumOf('A'), enumOf('B')), new Map([['A', 'B']]), '{"A":"B"}'],
    ['a map with booleans for keys', map(boolean(), string()), new Map([[true, 'x']]), '{"true":"x"}'],
    [
      'text that must be escaped',
      string(),
      '"\\\b\t\n\f\r\u0001\u001f/\u007f\u2028é',
      '"\\"\\\\\\b\\t\\n\\f\\r\\u0001\\u001f/\u007f\u2028é"',
    ],
    ['null in a list', list(nullable(int())), [1, null], '[1,null]'],
  ])('writes and reads %s', (_what, type, value, text) => {
    expect(encoded(type, value)).toBe(`{"v":${text}}`);
    expect(decoded(type, `{"v":${text}}`)).toEqual(value);
  });

  it('omits fields that equal their default', () => {
    class Def {
      @defaulted(int()) a = 1;
      @defaulted(string()) b = 'x';
      @defaulted(list(int())) c: number[] = [];
    }
    const serializer = defaultSessionSerializer(Def);
    expect(serializer.serialize(new Def())).toBe('{}');
    expect(serializer.serialize(Object.assign(new Def(), { a: 2, b: 'q' }))).toBe('{"a":2,"b":"q"}');
    expect(serializer.deserialize('{"c":[1]}')).toEqual(Object.assign(new Def(), { c: [1] }));
    const all = new KotlinxSessionSerializer(Def, new KotlinxJson({ encodeDefaults: true }));
    expect(all.serialize(new Def())).toBe('{"a":1,"b":"x","c":[]}');
  });

  it('writes the discriminator of a sealed class first, and none for the subclass itself', () => {
    const value = new samples.SS(1);
    const text = '{"type":"probe.SealedSession.SS","e":1}';
    const sealed = defaultSessionSerializer<samples.SealedSession>(samples.SealedSession);
    expect(sealed.serialize(value)).toBe(text);
    expect(sealed.deserialize(text)).toEqual(value);
    expect(sealed.deserialize('{"e":1,"type":"probe.SealedSession.SS"}')).toEqual(value);
    expect(sealed.serialize(new samples.E())).toBe('{"type":"probe.SealedSession.E"}');
    expect(sealed.deserialize('{"type":"probe.SealedSession.E"}')).toBeInstanceOf(samples.E);
    expect(defaultSessionSerializer(samples.SS).serialize(value)).toBe('{"e":1}');
    expect(() => defaultSessionSerializer(samples.SS).deserialize(text)).toThrow('an unknown field');
    expect(() => sealed.deserialize('{"e":1}')).toThrow('not a subclass');
    const member = new samples.WithSealedMember();
    expect(defaultSessionSerializer(samples.WithSealedMember).serialize(member)).toBe(
      '{"member":{"type":"probe.SealedSession.SS","e":834}}',
    );
  });

  it('writes a value class as its content', () => {
    @ValueClass()
    class UserId {
      value = 'q';
    }
    class Holder {
      @nested(() => UserId) u = new UserId();
    }
    expect(defaultSessionSerializer(Holder).serialize(new Holder())).toBe('{"u":"q"}');
    expect(defaultSessionSerializer(Holder).deserialize('{"u":"q"}')).toEqual(new Holder());
  });

  it.each<[string, KotlinType, string, unknown]>([
    ['a quoted Int', int(), '"5"', 5],
    ['a quoted Long', long(), '"5"', 5n],
    ['a whole number for a Double', double(), '10000000', 1e7],
    ['a quoted Boolean', boolean(), '"true"', true],
    ['a Boolean in capitals', boolean(), 'TRUE', true],
    ['an Int with an exponent', int(), '-12e1', -120],
    ['an Int that is zero', int(), '0', 0],
    ['an Int with zeros in front', int(), '007', 7],
    ['the last Int', int(), '2147483647', 2147483647],
    ['the first Int', int(), '-2147483648', -2147483648],
    ['minus zero as an Int', int(), '-0', 0],
    ['minus zero as a Double', double(), '-0', -0],
    ['a Double of 16 digits', double(), '1234567890123456', 1234567890123456],
    ['a negative Long', long(), '-9223372036854775808', -(2n ** 63n)],
    ['a Long of ten digits', long(), '1234567890', 1234567890n],
    ['an empty text', string(), '""', ''],
    ['a bare Char', char(), 'x', 'x'],
    ['a bare digit for a Char', char(), '5', '5'],
    ['a Double with a plus sign', double(), '+1.5', 1.5],
    ['control characters beside an escape', string(), '"\u0001\\n\t"', '\u0001\n\t'],
    ['escapes of every kind, one letter each', string(), '"\\b\\f\\n\\r\\t\\\\\\"\\/"', '\b\f\n\r\t\\"/'],
    ['escapes of every kind', string(), '"\\u00e9\\/\\ud83d\\ude00"', 'é/😀'],
    ['white space around everything', list(int()), ' [ 1 ,\t2\r\n] ', [1, 2]],
  ])('reads %s', (_what, type, text, value) => {
    expect(decoded(type, ` {"v" :${text}} `)).toEqual(value);
  });

  it('rejects more than 64 levels of a recursive class on write and read', () => {
    class Chain {
      @nullable(nested(() => Chain)) next: Chain | null = null;
    }
    const chain = (levels: number): Chain =>
      levels === 0 ? new Chain() : Object.assign(new Chain(), { next: chain(levels - 1) });
    const serializer = defaultSessionSerializer(Chain);
    expect(serializer.deserialize(serializer.serialize(chain(64)))).toEqual(chain(64));
    expect(() => serializer.serialize(chain(65))).toThrow('more than 64 levels deep');
    const text = `${'{"next":'.repeat(65)}{"next":null}${'}'.repeat(65)}`;
    expect(() => serializer.deserialize(text)).toThrow('nested too deep');
  });

  it('reads the last of two equal keys', () => {
    expect(decoded(int(), '{"v":1,"v":2}')).toBe(2);
  });

  it.each<[string, KotlinType, string]>([
    ['nothing', int(), ''],
    ['an unknown key', int(), '{"v":1,"x":2}'],
    ['__proto__', int(), '{"v":1,"__proto__":{"polluted":true}}'],
    ['a missing key', int(), '{}'],
    ['null for an Int', int(), '{"v":null}'],
    ['a fraction for an Int', int(), '{"v":5.0}'],
    ['an exponent that leaves a fraction', int(), '{"v":15e-1}'],
    ['a plus sign before an Int', int(), '{"v":+5}'],
    ['two characters for a Char', char(), '{"v":ab}'],
    ['null for a Char', char(), '{"v":null}'],
    ['an Int of 33 bits', int(), '{"v":4294967296}'],
    ['an Int that is one too large', int(), '{"v":2147483648}'],
    ['an Int that is one too small', int(), '{"v":-2147483649}'],
    ['a minus sign alone', int(), '{"v":-}'],
    ['an unknown constant', enumOf('A'), '{"v":"B"}'],
    ['a bare text', string(), '{"v":a}'],
    ['a number for a String', string(), '{"v":5}'],
    ['NaN', double(), '{"v":NaN}'],
    ['a quoted infinity', double(), '{"v":"Infinity"}'],
    ['single quotes', string(), "{'v':'a'}"],
    ['a bare key', int(), '{v:1}'],
    ['a trailing comma', int(), '{"v":1,}'],
    ['a trailing comma in a list', list(int()), '{"v":[1,]}'],
    ['trailing text', int(), '{"v":1}x'],
    ['an array', int(), '[]'],
    ['an object for a list', list(int()), '{"v":{}}'],
    ['a wrong escape', string(), '{"v":"\\x"}'],
    ['half a unicode escape', string(), '{"v":"\\u12"}'],
    ['an open string', string(), '{"v":"a'],
    ['a thousand brackets', list(int()), `{"v":${'['.repeat(1000)}`],
  ])('rejects %s', (_what, type, text) => {
    expect(() => decoded(type, text)).toThrow(/^The text is not a session/);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('ignores unknown keys and omits null if the options say so', () => {
    class Small {
      @nullable(int()) v: number | null = null;
    }
    const json = new KotlinxJson({ ignoreUnknownKeys: true, explicitNulls: false, classDiscriminator: 'kind' });
    const serializer = new KotlinxSessionSerializer(Small, json);
    expect(serializer.serialize(new Small())).toBe('{}');
    expect(serializer.deserialize('{"x":[{"y":1}]}')).toEqual(new Small());
    const sealed = new KotlinxSessionSerializer<samples.SealedSession>(samples.SealedSession, json);
    expect(sealed.serialize(new samples.SS(1))).toBe('{"kind":"probe.SealedSession.SS","e":1}');
  });

  it.each<[string, KotlinType, unknown]>([
    ['NaN', double(), Number.NaN],
    ['an infinity', float(), Infinity],
    ['half a surrogate pair', string(), '\udc00'],
    ['undefined for a String', string(), undefined],
    ['an array for a Set', set(string()), ['a']],
  ])('rejects to write %s', (_what, type, value) => {
    expect(() => encoded(type, value)).toThrow('Holder.v cannot be stored in a session');
  });

  it.each<[string, KotlinType, string]>([
    ['an Optional', optional(string()), 'Use nullable()'],
    ['a map with lists for keys', map(list(int()), int()), 'a map key in JSON must be a simple value'],
  ])('rejects %s in the constructor', (_what, type, message) => {
    expect(() => defaultSessionSerializer(holderOf(type))).toThrow(message);
  });

  it('rejects a field with the name of the discriminator', () => {
    @Sealed(() => [Bad])
    class Base {}
    class Bad extends Base {
      type = '';
    }
    expect(() => defaultSessionSerializer(Base)).toThrow('Rename it with @SerialName');
  });

  it('splits a text into fields and joins them again', () => {
    class Renamed {
      @SerialName('user_id') @string() userId = 'a,"}';
      @double() d = 1e7;
    }
    const serializer = defaultSessionSerializer(Renamed);
    const text = serializer.serialize(new Renamed());
    const fields = serializer.split(text);
    expect([...fields.keys()]).toEqual([serializer.nameOf('userId'), 'd']);
    expect(serializer.join(fields)).toBe(text);
  });
});
