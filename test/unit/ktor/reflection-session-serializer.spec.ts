import {
  bigDecimal,
  bigInteger,
  boolean,
  byte,
  char,
  defaulted,
  double,
  enumOf,
  float,
  int,
  kotlinFields,
  list,
  long,
  map,
  nested,
  nullable,
  optional,
  Parameters,
  reflectionSessionSerializer,
  Sealed,
  set,
  short,
  SimpleName,
  string,
  Transient,
  uuid,
  type KotlinType,
} from 'nestjs-sessions/ktor';
import * as samples from './kotlin-samples.js';
import { fieldTextsOf, holderOf } from './kotlin-samples.js';

const UUID = '123e4567-e89b-12d3-a456-426614174000';

const { encoded, decoded } = fieldTextsOf((type) => reflectionSessionSerializer(type));

describe("Ktor's reflection format", () => {
  it.each<[string, KotlinType, unknown, string]>([
    ['null', nullable(string()), null, 'v=%23n'],
    ['Int', int(), -2147483648, 'v=%23i-2147483648'],
    ['Long', long(), 9223372036854775807n, 'v=%23l9223372036854775807'],
    ['Long as a number', long('number'), 2 ** 53 - 1, 'v=%23l9007199254740991'],
    ['Float', float(), 1.5, 'v=%23f1.5'],
    ['Float with exponent', float(), 1e10, 'v=%23f1.0E10'],
    ['Float of 2^24', float(), 16777216, 'v=%23f1.6777216E7'],
    ['Float NaN', float(), Number.NaN, 'v=%23fNaN'],
    ['Double', double(), 100, 'v=%23f100.0'],
    ['Double of 10^7', double(), 1e7, 'v=%23f1.0E7'],
    ['Double below 10^-3', double(), 9.9e-4, 'v=%23f9.9E-4'],
    ['Double -Infinity', double(), -Infinity, 'v=%23f-Infinity'],
    ['true', boolean(), true, 'v=%23bot'],
    ['false', boolean(), false, 'v=%23bof'],
    ['Char', char(), 'a', 'v=%23cha'],
    ['Char space', char(), ' ', 'v=%23ch+'],
    ['Char &', char(), '&', 'v=%23ch%26'],
    ['BigDecimal', bigDecimal(), '1.10', 'v=%23bd1.10'],
    ['BigDecimal 1E+3', bigDecimal(), '1E+3', 'v=%23bd1E%2B3'],
    ['BigDecimal -1E-10', bigDecimal(), '-1E-10', 'v=%23bd-1E-10'],
    ['BigInteger', bigInteger(), 10n, 'v=%23bi10'],
    ['Optional of a String', optional(string()), 'a b', 'v=%23op%23sa+b'],
    ['Optional of an Int', optional(int()), 5, 'v=%23op%23i5'],
    ['Optional, empty', optional(string()), undefined, 'v=%23om'],
    ['String', string(), 'John', 'v=%23sJohn'],
    ['String, empty', string(), '', 'v=%23s'],
    ['String that looks like a tag', string(), '#n', 'v=%23s%23n'],
    ['List', list(string()), ['a', 'b'], 'v=%23cl%23sa%26%23sb'],
    ['List, empty', list(string()), [], 'v=%23cl'],
    ['Set', set(string()), new Set(['b', 'a']), 'v=%23cs%23sb%26%23sa'],
    [
      'Map',
      map(string(), string()),
      new Map([
        ['k2', 'v2'],
        ['k1', 'v 1'],
      ]),
      'v=%23m%23sk2%3D%23sv2%26%23sk1%3D%23sv%2525201',
    ],
    ['Enum', enumOf('A', 'B'), 'B', 'v=%23sB'],
    ['UUID', uuid(), UUID, `v=%23s${UUID}`],
    ['List with %', list(string()), ['%'], 'v=%23cl%23s%252525'],
    ['List with €', list(string()), ['€'], 'v=%23cl%23s%2525E2%252582%2525AC'],
    ['List with a space', list(string()), ['a b'], 'v=%23cl%23sa%252520b'],
    ['List with = and +', list(string()), ['=+#'], 'v=%23cl%23s%3D%2B%23'],
    ['List with null', list(nullable(string())), ['a', null], 'v=%23cl%23sa%26%23n'],
  ])('writes and reads %s', (_what, type, value, text) => {
    expect(encoded(type, value)).toBe(text);
    expect(decoded(type, text)).toEqual(value);
  });

  it('writes a nested class as an encoded document', () => {
    class Inner {
      @int() i = 779;
      @string() s = 'x+y';
    }
    class Outer {
      @nested(() => Inner) part = new Inner();
    }
    const text = 'part=%23%23i%3D%2523i779%26s%3D%2523sx%252By';
    expect(reflectionSessionSerializer(Outer).serialize(new Outer())).toBe(text);
    const read = reflectionSessionSerializer(Outer).deserialize('part=%23%23i%3D%2523i779%26s%3D%2523sx%2By');
    expect(read.part).toBeInstanceOf(Inner);
    expect(read.part.s).toBe('x y');
  });

  it.each<[string, new () => object, string]>([
    ['Primitive', samples.Primitive, 'b1=%23bot&b2=%23bof&ch=%23cha&d=%23f1.0&f=%23f1.0&i=%23i1&l=%23l2&s=%23ssss'],
    ['Lists', samples.Lists, 'immutable=%23cl%23sa%26%23sb&mutable=%23cl%23sa&mutable1=%23cl%23sa%26%23sb'],
    ['Sets', samples.Sets, 'immutable=%23cs%23sa%26%23sb&mutable=%23cs%23sa&mutable1=%23cs%23sa%26%23sb'],
    ['Maps', samples.Maps, 'immutable=%23m%23sa%3D%23sb&mutable=%23m%23sa%3D%23sb&mutable1=%23m%23sa%3D%23sb'],
    [
      'AdditionalTypes',
      samples.AdditionalTypes,
      `bd=%23bd0&bi=%23bi10&optionWithContent=%23op%23sa&optionalEmpty=%23om&uuid=%23s${UUID}`,
    ],
    ['WithEnum', samples.WithEnum, 'e=%23sB'],
    ['EnumInCollection', samples.EnumInCollection, 'll=%23cl%23sB&mm=%23m%23sA%3D%23sB&ss=%23cs%23sA'],
    ['Compound', samples.Compound, 'part=%23%23i%3D%2523i779'],
    ['WithSealedMember', samples.WithSealedMember, 'member=%23%23e%3D%2523i834%26%2524type%3DSS'],
    ['E', samples.E, '%24type=E'],
  ])('writes and reads %s', (_name, type, text) => {
    const serializer = reflectionSessionSerializer(type);
    const value = new type();
    expect(serializer.serialize(value)).toBe(text);
    expect(serializer.deserialize(text)).toEqual(value);
    expect(serializer.deserialize(text)).toBeInstanceOf(type);
  });

  it('writes $type last, for the sealed class and for a subclass itself', () => {
    const text = 'e=%23i834&%24type=SS';
    for (const type of [samples.SS, samples.SealedSession]) {
      const serializer = reflectionSessionSerializer<samples.SealedSession>(type);
      expect(serializer.serialize(new samples.SS(834))).toBe(text);
      expect(serializer.deserialize(text)).toEqual(new samples.SS(834));
    }
  });

  it('sorts names by UTF-16 units', () => {
    class Names {
      a = true;
      é = true;
      Z = true;
      _b = true;
      '1a' = true;
      alpha = true;
      Mid = true;
    }
    const names = reflectionSessionSerializer(Names)
      .serialize(new Names())
      .split('&')
      .map((pair) => decodeURIComponent(pair.split('=')[0]!));
    expect(names).toEqual(['1a', 'Mid', 'Z', '_b', 'a', 'alpha', 'é']);
  });

  it('writes a getter and ignores it on read', () => {
    class WithGetter {
      name = 'x';
      @string() get label(): string {
        return `<${this.name}>`;
      }
    }
    const serializer = reflectionSessionSerializer(WithGetter);
    expect(serializer.serialize(new WithGetter())).toBe('label=%23s%3Cx%3E&name=%23sx');
    expect(serializer.deserialize('label=%23szzz&name=%23sy').label).toBe('<y>');
  });

  it('does not escape = in values for Ktor 1.5, and reads both forms', () => {
    const old = reflectionSessionSerializer(samples.Compound, { equals: 'literal' });
    expect(old.serialize(new samples.Compound())).toBe('part=%23%23i=%2523i779');
    expect(old.deserialize('part=%23%23i%3D%2523i779')).toEqual(new samples.Compound());
    const maps = reflectionSessionSerializer(samples.Maps, { equals: 'literal' });
    expect(maps.serialize(new samples.Maps())).toContain('mutable=%23m%23sa=%23sb');
    expect(reflectionSessionSerializer(samples.Maps).deserialize(maps.serialize(new samples.Maps()))).toEqual(
      new samples.Maps(),
    );
  });

  it('reads the text of a test of Ktor', () => {
    class Simple {
      @int() test = 0;
      @list(string()) list: string[] = [];
    }
    expect(reflectionSessionSerializer(Simple).deserialize('test=#i1&list=#cl%23sa%26%23sb%26%23sc')).toEqual(
      Object.assign(new Simple(), { test: 1, list: ['a', 'b', 'c'] }),
    );
  });

  describe('reading', () => {
    it.each<[string, KotlinType, string, unknown]>([
      ['a set for a list, duplicates gone', list(string()), 'v=#cs%23sa%26%23sa', ['a']],
      ['a list for a set', set(string()), 'v=#cl%23sa%26%23sb', new Set(['a', 'b'])],
      ['an Int for a Float', float(), 'v=#i5', 5],
      ['a Double for a Float, rounded', float(), 'v=#f0.1', Math.fround(0.1)],
      ['# alone as null', nullable(int()), 'v=%23', null],
      ['#n and more as null', nullable(int()), 'v=%23nope', null],
      ['null for a nullable list', nullable(list(string())), 'v=%23n', null],
      ['names in another case', int(), 'V=%23i5', 5],
      ['the first of two', int(), 'v=%23i5&v=%23i6', 5],
      ['unknown names', int(), 'x=y&v=%23i5&__proto__=%23i6', 5],
      ['white space around names and values', int(), '  v = %23i5 ', 5],
      ['a plus as a space', string(), 'v=%23sa+b', 'a b'],
      ['lower-case escapes', string(), 'v=%23s%e2%82%ac', '€'],
      ['octets that are no UTF-8', string(), 'v=%23s%ffa', '\ufffda'],
      ['half a surrogate pair in octets, as one character', string(), 'v=%23s%ED%A0%80%ED%BF', '\ufffd\ufffd'],
      ['octets beside letters beyond ASCII', string(), 'v=%23s%C3é%A9', '\ufffdé\ufffd'],
      ['separators of ASCII as white space', int(), '\u001cv\u2003=%23i5\u001f', 5],
      ['a byte order mark as a letter', string(), 'v=%23sa\ufeff', 'a\ufeff'],
      [
        'long stretches between escapes',
        string(),
        `v=%23s${'x'.repeat(200)}%25${'y'.repeat(200)}`,
        `${'x'.repeat(200)}%${'y'.repeat(200)}`,
      ],
      ['a short UUID', uuid(), 'v=%23s1-2-3-4-5', '00000001-0002-0003-0004-000000000005'],
      ['the first letter of a boolean alone', boolean(), 'v=%23botched', true],
    ])('reads %s', (_what, type, text, value) => {
      expect(decoded(type, text)).toEqual(value);
    });

    it.each<[string, KotlinType, string]>([
      ['an empty document', int(), ''],
      ['a missing name', int(), 'w=%23i5'],
      ['a value without tag', string(), 'v=John'],
      ['an empty value', string(), 'v='],
      ['a name without =', string(), 'v'],
      ['an unknown tag', string(), 'v=%23xyz'],
      ['#box', boolean(), 'v=%23box'],
      ['#bo', boolean(), 'v=%23bo'],
      ['#bx', boolean(), 'v=%23bx'],
      ['#ox', optional(string()), 'v=%23ox'],
      ['#cx', list(string()), 'v=%23cx'],
      ['null for a String', string(), 'v=%23n'],
      ['letters for an Int', int(), 'v=%23iabc'],
      ['nothing for an Int', int(), 'v=%23i'],
      ['an Int of 37 bits', int(), 'v=%23i99999999999'],
      ['a Long for an Int', int(), 'v=%23l5'],
      ['a Long beyond 64 bits', long(), 'v=%23l9223372036854775808'],
      ['a Long beyond a number', long('number'), 'v=%23l9007199254740993'],
      ['an unknown constant', enumOf('A'), 'v=%23sB'],
      ['an empty Char', char(), 'v=%23ch'],
      ['a bad UUID', uuid(), 'v=%23snope'],
      ['a bad decimal', bigDecimal(), 'v=%23bd1.2.3'],
      ['a wrong escape', string(), 'v=%23s%zz'],
      ['half an escape', string(), 'v=%23s%4'],
      ['a tagged object for a text', string(), 'v=%23%23a%3D%2523i1'],
      ['a class that it is not', int(), 'v=%23i5&%24type=Other'],
    ])('rejects %s', (_what, type, text) => {
      expect(() => decoded(type, text)).toThrow(/^The text is not a session/);
    });

    it.each([
      ['without a class', 'e=%23i834'],
      ['of an unknown class', 'e=%23i834&%24type=Z'],
    ])('rejects a sealed session %s', (_what, text) => {
      expect(() => reflectionSessionSerializer(samples.SealedSession).deserialize(text)).toThrow('not a subclass');
    });

    it('reads at most 1000 pairs', () => {
      const junk = (count: number): string => 'x=1&'.repeat(count);
      expect(decoded(int(), `${junk(999)}v=%23i5`)).toBe(5);
      expect(() => decoded(int(), `${junk(1000)}v=%23i5`)).toThrow('missing');
    });

    it('reads a document without a field that has a default', () => {
      class Grown {
        @string() name = '';
        @defaulted(int()) visits = 7;
      }
      expect(reflectionSessionSerializer(Grown).deserialize('name=%23sx')).toEqual(
        Object.assign(new Grown(), { name: 'x' }),
      );
    });

    it('rejects more than 12 levels of a recursive class', () => {
      class Chain {
        @nullable(nested(() => Chain)) next: Chain | null = null;
      }
      let deep = new Chain();
      for (let level = 0; level < 12; level++) deep = Object.assign(new Chain(), { next: deep });
      const serializer = reflectionSessionSerializer(Chain);
      expect(serializer.deserialize(serializer.serialize(deep))).toEqual(deep);
      const deeper = Object.assign(new Chain(), { next: deep });
      expect(() => serializer.serialize(deeper)).toThrow('more than 12 levels deep');
    });
  });

  describe('writing', () => {
    it.each<[string, KotlinType, unknown, string]>([
      ['& in a list', list(string()), ['ok', 'a&b'], 'v=%23cl%23sok%26%23sa%252526b'],
      ['& in a set', set(string()), new Set(['&']), 'v=%23cs%23s%252526'],
      ['& in a list of Chars', list(char()), ['&', '%'], 'v=%23cl%23ch%252526%26%23ch%252525'],
      ['& in a map', map(string(), string()), new Map([['a&', '&']]), 'v=%23m%23sa%252526%3D%23s%252526'],
      ['= in the key of a map', map(string(), string()), new Map([['a=', 'b=']]), 'v=%23m%23sa%25253D%3D%23sb%3D'],
    ])('encodes %s, as Ktor reads it', (_what, type, value, text) => {
      expect(encoded(type, value)).toBe(text);
      expect(decoded(type, text)).toEqual(value);
    });

    it.each<[string, KotlinType, unknown, string]>([
      ['null for a nullable list', nullable(list(string())), null, 'Holder.v'],
      ['null for a String', string(), null, 'Holder.v'],
      ['half a surrogate pair', string(), 'a\ud800', 'Holder.v'],
      ['a BigInteger of more digits than are read', bigInteger(), 10n ** 4096n, 'Holder.v'],
      ['two letters for a Char', char(), 'ab', 'Holder.v'],
      ['a fraction for an Int', int(), 1.5, 'Holder.v'],
      ['an Int of 32 bits and a sign', int(), 2 ** 31, 'Holder.v'],
      ['a number for a Long', long(), 5, 'Holder.v'],
      ['a Long of 65 bits', long(), 2n ** 63n, 'Holder.v'],
      ['an unsafe number', long('number'), 2 ** 53, 'Holder.v'],
      ['more digits than a Float has', float(), 0.1, 'Holder.v'],
      ['a constant that is none', enumOf('A'), 'B', 'Holder.v'],
      ['a UUID that is none', uuid(), '1-2-3-4-5', 'Holder.v'],
      ['a decimal that is none', bigDecimal(), 'one', 'Holder.v'],
      ['a Set for a List', list(string()), new Set(['a']), 'Holder.v'],
      ['an object for a Map', map(string(), string()), { a: 'b' }, 'Holder.v'],
      ['a plain object for a class', nested(() => samples.Part), { i: 1 }, 'Holder.v'],
      ['a hole in a list', list(string()), Array.from({ length: 1 }), 'Holder.v[0]'],
    ])('rejects %s and names the field', (_what, type, value, path) => {
      expect(() => encoded(type, value)).toThrow(`${path} cannot be stored in a session`);
    });

    it('rejects a field that is not declared, without showing its value', () => {
      const session = Object.assign(new samples.Part(), { secret: 'hunter2' });
      const write = (): string => reflectionSessionSerializer(samples.Part).serialize(session);
      expect(write).toThrow('Part.secret cannot be stored in a session: its Kotlin type is not declared');
      expect(write).not.toThrow('hunter2');
    });

    it('rejects an instance of another class or of a subclass', () => {
      class Special extends samples.Part {}
      const serializer = reflectionSessionSerializer(samples.Part);
      expect(() => serializer.serialize(new samples.WithEnum() as never)).toThrow('not an instance of Part');
      expect(() => serializer.serialize(new Special())).toThrow('not an instance of Part');
    });

    it('rejects an indirect subclass of a sealed class', () => {
      @Sealed(() => [Middle])
      class Base {}
      @Sealed(() => [Leaf])
      class Middle extends Base {}
      class Leaf extends Middle {
        a = true;
      }
      expect(reflectionSessionSerializer(Middle).serialize(new Leaf())).toBe('a=%23bot&%24type=Leaf');
      expect(() => reflectionSessionSerializer<Base>(Base).serialize(new Leaf())).toThrow('direct subclasses');
    });
  });

  describe('the constructor', () => {
    it.each<[string, KotlinType, string]>([
      ['List<List<String>>', list(list(string())), 'collections may contain simple values only'],
      ['Map<String, List<String>>', map(string(), list(string())), 'collections may contain simple values only'],
      ['List<Part>', list(nested(() => samples.Part)), 'collections may contain simple values only'],
      ['Float?', nullable(float()), 'Double?'],
      ['List<Float>', list(float()), 'as Doubles'],
      ['Byte', byte(), 'Int'],
      ['Short', nullable(short()), 'Int'],
      ['Optional<Enum>', optional(enumOf('A')), 'as another type'],
      ['Map<String?, String>', map(nullable(string()), string()), 'a key cannot be null'],
    ])('rejects %s', (_what, type, message) => {
      expect(() => reflectionSessionSerializer(holderOf(type))).toThrow(message);
    });

    it.each<[string, unknown, string]>([
      ['a number', 1, '@int(), @long() or @double()'],
      ['an array', [], '@list(int())'],
      ['nothing', undefined, '@nullable(string())'],
      ['a function', () => 1, '@Transient()'],
    ])('rejects %s without a declared type', (_what, value, message) => {
      class Untold {
        field = value;
      }
      expect(() => reflectionSessionSerializer(Untold)).toThrow('Untold.field');
      expect(() => reflectionSessionSerializer(Untold)).toThrow(message);
    });

    it('rejects names that differ only in case or contain a space', () => {
      class Cases {
        a = '';
        A = '';
      }
      class Space {
        'a b' = '';
      }
      expect(() => reflectionSessionSerializer(Cases)).toThrow('Cases.A: it differs from a only in case');
      expect(() => reflectionSessionSerializer(Space)).toThrow('a name with a space');
    });

    it('rejects a class that cannot be constructed without arguments', () => {
      class Picky {
        readonly length: number;
        constructor(text: string) {
          this.length = text.length;
        }
      }
      expect(() => reflectionSessionSerializer(Picky as never)).toThrow('Picky cannot be constructed');
    });
  });

  it('infers strings and booleans from initial values, and omits @Transient() fields', () => {
    class Plain {
      name = 'n';
      admin = false;
      @Transient() cache: unknown = { a: 1 };
    }
    expect(reflectionSessionSerializer(Plain).serialize(new Plain())).toBe('admin=%23bof&name=%23sn');
  });

  it('accepts kotlinFields() instead of decorators', () => {
    class Schemed {
      count = 3;
      names = ['a'];
    }
    kotlinFields(Schemed, { count: int(), names: list(string()) });
    expect(reflectionSessionSerializer(Schemed).serialize(new Schemed())).toBe('count=%23i3&names=%23cl%23sa');
  });

  it('writes inherited fields', () => {
    class Base {
      @int() b = 1;
    }
    @SimpleName('Kotlin')
    class Derived extends Base {
      @int() a = 2;
    }
    expect(reflectionSessionSerializer(Derived).serialize(new Derived())).toBe('a=%23i2&b=%23i1');
  });

  it('writes Parameters without tags', () => {
    const serializer = reflectionSessionSerializer(Parameters);
    const parameters = new Parameters().append('a', '1', '2 3').append('b c', 'x=y');
    expect(serializer.serialize(parameters)).toBe('a=1&a=2+3&b+c=x%3Dy');
    expect(serializer.deserialize('a=1&A=2+3&b=x').getAll('a')).toEqual(['1', '2 3']);
  });

  it('splits a text into fields and joins them again', () => {
    const serializer = reflectionSessionSerializer(samples.TestUserSession);
    const text = serializer.serialize(new samples.TestUserSession('id', ['a']));
    expect([...serializer.split(text).keys()]).toEqual(['cart', serializer.nameOf('userId')]);
    expect(serializer.join(serializer.split(text))).toBe(text);
  });
});
