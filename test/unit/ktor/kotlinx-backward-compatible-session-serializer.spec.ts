import {
  bigDecimal,
  boolean,
  byte,
  char,
  defaulted,
  double,
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
  string,
  uuid,
  ValueClass,
  type KotlinClass,
  type KotlinType,
} from 'nestjs-sessions/ktor';
import * as samples from './kotlin-samples.js';
import { fieldTextsOf, holderOf } from './kotlin-samples.js';

const serializerOf = <S extends object>(type: KotlinClass<S>): KotlinxBackwardCompatibleSessionSerializer<S> =>
  new KotlinxBackwardCompatibleSessionSerializer(type);

const forKotlinx = <S extends object>(type: KotlinClass<S>): KotlinxBackwardCompatibleSessionSerializer<S> =>
  new KotlinxBackwardCompatibleSessionSerializer(type, { readBy: 'kotlinx' });

const { encoded, decoded } = fieldTextsOf((type) => serializerOf(type));

const PRIMITIVES =
  'int=%23i1&string=%23s2&boolean=%23bot&double=%23f3.0&float=%23f4.0&long=%23l5&nullable=%23n&enum=%23sA';
const COLLECTIONS =
  'listS=%23cl%23s1%26%23s2&listE=%23cl%23sA%26%23sB&listI=%23cl%23i1%26%23i2' +
  '&mapS=%23m%23skey1%3D%23s1%26%23skey2%3D%23s2&mapI=%23m%23skey1%3D%23i1%26%23skey2%3D%23i2';
const NESTED =
  'primitives=%23%23int%3D%2523i1%26string%3D%2523s2%26boolean%3D%2523bot%26double%3D%2523f3.0%26float%3D%2523f4.0' +
  '%26long%3D%2523l5%26nullable%3D%2523n%26enum%3D%2523sA';

describe("Ktor's kotlinx text format", () => {
  it.each<[string, new () => object, string]>([
    ['Primitives', samples.Primitives, PRIMITIVES],
    ['Collections', samples.Collections, COLLECTIONS],
    ['WithNested', samples.WithNested, NESTED],
  ])('writes and reads %s, as the reflection format does', (_name, type, text) => {
    const value = new type();
    expect(serializerOf(type).serialize(value)).toBe(text);
    expect(serializerOf(type).deserialize(text)).toEqual(value);
    expect(reflectionSessionSerializer(type).deserialize(text)).toEqual(value);
  });

  it('reads the reflection format of a flat class', () => {
    const reflection = reflectionSessionSerializer(samples.Sets);
    expect(serializerOf(samples.Sets).deserialize(reflection.serialize(new samples.Sets()))).toEqual(
      new samples.Sets(),
    );
  });

  it.each<[string, KotlinType, unknown, string]>([
    ['a set as a list', set(string()), new Set(['a', 'b']), 'v=%23cl%23sa%26%23sb'],
    ['a Char', char(), '&', 'v=%23ch%26'],
    ['an empty map', map(string(), string()), new Map(), 'v=%23m'],
    ['a list of Floats', list(float()), [1.5], 'v=%23cl%23f1.5'],
    ['a text with anything in it', string(), ' a&b=c%+é ', 'v=%23s+a%26b%3Dc%25%2B%C3%A9+'],
    ['a UUID as a text', uuid(), '123e4567-e89b-12d3-a456-426614174000', 'v=%23s123e4567-e89b-12d3-a456-426614174000'],
    ['a decimal as a text', bigDecimal(), '1.10', 'v=%23s1.10'],
    ['null for a list', nullable(list(string())), null, 'v=%23n'],
    ['null for a Float', nullable(float()), null, 'v=%23n'],
    [
      'a map with spaces and % in values',
      map(string(), string()),
      new Map([['%', 'a b=']]),
      'v=%23m%23s%252525%3D%23sa%252520b%3D',
    ],
  ])('writes and reads %s', (_what, type, value, text) => {
    expect(encoded(type, value)).toBe(text);
    expect(decoded(type, text)).toEqual(value);
  });

  it('uses @SerialName for fields and for subclasses of a sealed class', () => {
    class Renamed {
      @SerialName('user_id') @string() userId = 'x';
    }
    expect(serializerOf(Renamed).serialize(new Renamed())).toBe('user_id=%23sx');
    expect(serializerOf(Renamed).deserialize('user_id=%23sy').userId).toBe('y');
    expect(serializerOf(Renamed).nameOf('userId')).toBe('user_id');

    @Sealed(() => [X])
    class SealedRoot {}
    @SerialName('probe.Sealed.X')
    class X extends SealedRoot {
      @int() e = 1;
    }
    const text = 'type=%23sprobe.Sealed.X&value=%23%23e%3D%2523i1';
    expect(serializerOf<SealedRoot>(SealedRoot).serialize(new X())).toBe(text);
    expect(serializerOf<SealedRoot>(SealedRoot).deserialize(text)).toEqual(new X());
    expect(() => serializerOf(SealedRoot).deserialize('type=%23sY&value=%23%23')).toThrow('not a subclass');
  });

  it('writes a value class as its content', () => {
    @ValueClass()
    class UserId {
      value = '';
    }
    class Holder {
      @nested(() => UserId) u = Object.assign(new UserId(), { value: 'q' });
    }
    expect(serializerOf(Holder).serialize(new Holder())).toBe('u=%23sq');
    expect(serializerOf(Holder).deserialize('u=%23sq')).toEqual(new Holder());
    expect(() => serializerOf(UserId)).toThrow('as a session');
  });

  it('reads a document without a field that has a default, and rejects one without another field', () => {
    class Grown {
      @string() name = '';
      @defaulted(int()) visits = 7;
    }
    expect(serializerOf(Grown).serialize(new Grown())).toBe('name=%23s&visits=%23i7');
    expect(serializerOf(Grown).deserialize('name=%23sx').visits).toBe(7);
    expect(() => serializerOf(Grown).deserialize('visits=%23i7')).toThrow('missing');
  });

  describe('reading', () => {
    it.each<[string, KotlinType, string, unknown]>([
      ['a Long for an Int', int(), 'v=%23l5', 5],
      ['an Int for a Long', long(), 'v=%23i5', 5n],
      ['an Int for a Double', double(), 'v=%23i5', 5],
      ['an empty list as empty', list(string()), 'v=%23cl', []],
      ['a list element with %, as it was written', list(string()), 'v=%23cl%23s100%252525', ['100%']],
      [
        'a map value with +, as it was written',
        map(string(), string()),
        'v=%23m%23sa%3D%23s1%2B1',
        new Map([['a', '1+1']]),
      ],
    ])('takes %s', (_what, type, text, value) => {
      expect(decoded(type, text)).toEqual(value);
    });

    it.each<[string, KotlinType, string]>([
      ['a value without tag', string(), 'v=John'],
      ['null for a String', string(), 'v=%23n'],
      ['an unknown name', string(), 'v=%23sa&w=%23sb'],
      ['a name in another case', string(), 'V=%23sa'],
      ['a name without =', string(), 'v'],
      ['any other boolean', boolean(), 'v=%23box'],
      ['an unknown constant', enumOf('A'), 'v=%23sB'],
      ['letters for a number', int(), 'v=%23ix'],
      ['an entry without =', map(string(), string()), 'v=%23m%23sa'],
      ['two letters for a Char', char(), 'v=%23chab'],
    ])('rejects %s', (_what, type, text) => {
      expect(() => decoded(type, text)).toThrow(/^The text is not a session/);
    });
  });

  describe('writing', () => {
    it.each<[string, KotlinType, unknown, string]>([
      ['an empty list', list(string()), [], 'v=%23cl'],
      ['an empty set', set(string()), new Set(), 'v=%23cl'],
      ['an empty map', map(string(), string()), new Map(), 'v=%23m'],
      ['null in a list', list(nullable(string())), ['a', null], 'v=%23cl%23sa%26%23n'],
      ['& in a list', list(string()), ['Tom & Jerry'], 'v=%23cl%23sTom%2520%252526%2520Jerry'],
      ['% in a list', list(string()), ['100%', '%41'], 'v=%23cl%23s100%252525%26%23s%25252541'],
      ['+ in a list', list(string()), ['1+1'], 'v=%23cl%23s1%2B1'],
      ['two words in a list', list(string()), ['two words'], 'v=%23cl%23stwo%2520words'],
      ['a letter beyond ASCII in a list', list(string()), ['né'], 'v=%23cl%23sn%25C3%25A9'],
      ['+ in the value of a map', map(string(), string()), new Map([['a', '1+1']]), 'v=%23m%23sa%3D%23s1%2B1'],
      ['& in the value of a map', map(string(), string()), new Map([['a', '&']]), 'v=%23m%23sa%3D%23s%252526'],
      [
        '& and = in the key of a map',
        map(string(), string()),
        new Map([['a=&', '=']]),
        'v=%23m%23sa%25253D%252526%3D%23s%3D',
      ],
      ['a space in the key of a map', map(string(), string()), new Map([['a b', '']]), 'v=%23m%23sa%252520b%3D%23s'],
      ['null in a map', map(string(), nullable(string())), new Map([['a', null]]), 'v=%23m%23sa%3D%23n'],
    ])('takes %s', (_what, type, value, text) => {
      expect(encoded(type, value)).toBe(text);
      expect(decoded(type, text)).toEqual(value);
    });

    it.each<[string, KotlinType, unknown]>([
      ['lists', list(string()), ['', 'a', 'two words', 'né', '🙂', '100%', '%25', 'a&b=c', '#n', '+']],
      ['sets', set(string()), new Set(['two words', '&', '%'])],
      [
        'maps',
        map(string(), string()),
        new Map([
          ['a b', '1+1'],
          ['A B', '%26'],
          ['é=&', ''],
        ]),
      ],
    ])('writes %s, which both readers read', (_what, type, value) => {
      const text = encoded(type, value);

      expect(decoded(type, text)).toEqual(value);
      const Holder = holderOf(type);
      // The reflection reader tells sets by their own tag.
      if (!(value instanceof Set)) expect(reflectionSessionSerializer(Holder).deserialize(text).v).toEqual(value);
    });

    it.each(['a&b', '50%', '1+1', 'x\t'])('writes %j inside another object', (text) => {
      class Inner {
        @string() s = text;
      }
      class Outer {
        @nullable(nested(() => Inner)) inner: Inner | null = new Inner();
        @int() z = 1;
      }
      const written = serializerOf(Outer).serialize(new Outer());
      expect(serializerOf(Outer).deserialize(written)).toEqual(new Outer());
    });
  });

  describe("writing for a server that reads with the kotlinx serializer, readBy: 'kotlinx'", () => {
    it.each<[string, string[]]>([
      ['two words', ['two words']],
      ['letters beyond ASCII', ['né', '🙂']],
      ['+ and =', ['1+1=2']],
    ])('writes %s in a list', (_what, value) => {
      const Holder = holderOf(list(string()));
      const text = forKotlinx(Holder).serialize(new Holder(value));

      // Its reader decodes the list as a whole, once.
      const once = decodeURIComponent(new URLSearchParams(text).get('v')!.slice(3));
      expect(once.split('&').map((part) => part.slice(2))).toEqual(value);
    });

    it.each<[string, KotlinType, unknown]>([
      ['an empty list', list(string()), []],
      ['null in a list', list(nullable(string())), [null]],
      ['& in a list', list(string()), ['a&']],
      ['% in a list', list(string()), ['100%']],
      ['+ in the value of a map', map(string(), string()), new Map([['a', '1+1']])],
      ['& in the value of a map', map(string(), string()), new Map([['a', '&']])],
      ['= in the key of a map', map(string(), string()), new Map([['a=', '']])],
      ['a space in the key of a map', map(string(), string()), new Map([['a b', '']])],
      ['null in a map', map(string(), nullable(string())), new Map([['a', null]])],
      [
        'keys that differ in case alone',
        map(string(), string()),
        new Map([
          ['a', ''],
          ['A', ''],
        ]),
      ],
    ])('rejects %s', (_what, type, value) => {
      const Holder = holderOf(type);
      expect(() => forKotlinx(Holder).serialize(new Holder(value))).toThrow('Holder.v');
    });

    it.each(['a&b', '50%', '1+1', 'x\t'])('rejects %j inside another object', (text) => {
      class Inner {
        @string() s = text;
      }
      class Outer {
        @nested(() => Inner) inner = new Inner();
      }
      expect(() => forKotlinx(Outer).serialize(new Outer())).toThrow('Outer.inner.s cannot be stored');
    });

    it('rejects an object before another field', () => {
      class Tail {
        @nullable(nested(() => samples.Part)) p: samples.Part | null = null;
        @int() z = 1;
      }
      expect(forKotlinx(Tail).serialize(new Tail())).toBe('p=%23n&z=%23i1');
      const full = Object.assign(new Tail(), { p: new samples.Part() });
      expect(() => forKotlinx(Tail).serialize(full)).toThrow('Tail.p cannot be stored');
    });
  });

  it.each<[string, KotlinType, string]>([
    ['List<List<String>>', list(list(string())), 'collections may contain simple values only'],
    ['List<Part>', list(nested(() => samples.Part)), 'collections may contain simple values only'],
    ['Byte', byte(), 'Use Int'],
    ['Optional', optional(string()), 'Use nullable()'],
    ['a sealed class as a field', nested(() => samples.SealedSession), 'sealed'],
  ])('rejects %s in the constructor', (_what, type, message) => {
    expect(() => serializerOf(holderOf(type))).toThrow(message);
  });

  it('rejects an object before the last field in the constructor', () => {
    class Tail {
      @nested(() => samples.Part) p = new samples.Part();
      @int() z = 1;
    }
    expect(() => serializerOf(Tail)).toThrow('Tail.p');
  });
});
