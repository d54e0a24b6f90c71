import 'reflect-metadata';
import { Exclude, Expose, instanceToPlain, Transform, Type } from 'class-transformer';
import * as fc from 'fast-check';
import { isFieldwise } from '../../../src/serializer/session-serializer.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import { anyText } from '../../support/any-text.js';

class Item {
  sku = '';
  quantity = 1;
  @Exclude() cache?: unknown;

  get label(): string {
    return `${this.quantity} x ${this.sku}`;
  }
}

function item(sku: string, quantity = 1): Item {
  return Object.assign(new Item(), { sku, quantity });
}

function serializerOf<S extends object>(
  type: new () => S,
  options?: ConstructorParameters<typeof SessionSerializerReflection>[1],
): SessionSerializerReflection<S> {
  return new SessionSerializerReflection(type, options);
}

function roundTrip<S extends object>(session: S): S {
  const serializer = serializerOf(session.constructor as new () => S);
  const text = serializer.serialize(session);
  const back = serializer.deserialize(text);
  expect(serializer.serialize(back)).toBe(text);
  return back;
}

describe('SessionSerializerReflection', () => {
  it('is a FieldwiseSessionSerializer', () => {
    expect(isFieldwise(serializerOf(Item))).toBe(true);
  });

  it('writes compact JSON and reads an instance of the class', () => {
    class UserSession {
      userId?: string;
      visits = 0;
      greet(): string {
        return `hello ${this.userId}`;
      }
    }
    const serializer = serializerOf(UserSession);
    const text = serializer.serialize(Object.assign(new UserSession(), { userId: 'u1', visits: 3 }));
    expect(text).toBe('{"userId":"u1","visits":3}');
    const back = serializer.deserialize(text);
    expect(back).toBeInstanceOf(UserSession);
    expect(back).toEqual({ userId: 'u1', visits: 3 });
    expect(back.greet()).toBe('hello u1');
  });

  it('calls the constructor for every instance', () => {
    class Cart {
      items: string[] = [];
    }
    const serializer = serializerOf(Cart);
    serializer.deserialize('{}').items.push('a');
    expect(serializer.deserialize('{}').items).toEqual([]);
  });

  describe('text', () => {
    it('contains strings and numbers as JSON.stringify writes them', () => {
      class Holder {
        held: unknown = null;
      }
      const serializer = new SessionSerializerReflection(Holder);
      const textOf = (held: unknown): string => serializer.serialize(Object.assign(new Holder(), { held }));
      const text = fc.oneof(anyText({ maxLength: 200 }), fc.string({ unit: 'grapheme', maxLength: 90 }));
      const number = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0));
      fc.assert(
        fc.property(fc.oneof(text, number), (held) => {
          expect(textOf(held)).toBe(`{"held":${JSON.stringify(held)}}`);
        }),
      );
      const characters = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
      expect(textOf(characters)).toBe(`{"held":${JSON.stringify(characters)}}`);
    });

    it('is stable for names that are integers', () => {
      class Numbered {
        [name: string]: unknown;
      }
      const serializer = new SessionSerializerReflection(Numbered);
      const one = serializer.serialize(Object.assign(new Numbered(), { b: 1, 10: 2, a: 3, 9: 4 }));
      const other = serializer.serialize(Object.assign(new Numbered(), { 9: 4, a: 3, 10: 2, b: 1 }));
      expect(other).toBe(one);
      expect(serializer.deserialize(one)).toEqual({ a: 3, b: 1, 9: 4, 10: 2 });
      expect(serializer.serialize(serializer.deserialize(one))).toBe(one);
    });

    it('is equal for equal content in any order of assignment', () => {
      class Loose {
        [name: string]: unknown;
      }
      const serializer = serializerOf(Loose);
      const left = Object.assign(new Loose(), { a: 1, b: 2, 10: 3, 9: 4 });
      const right = Object.assign(new Loose(), { b: 2, 9: 4, 10: 3, a: 1 });
      expect(serializer.serialize(left)).toBe(serializer.serialize(right));
    });

    it('is equal after deleting and setting a field', () => {
      const changed = item('a');
      const text = serializerOf(Item).serialize(changed);
      delete (changed as Partial<Item>).sku;
      changed.sku = 'a';
      expect(serializerOf(Item).serialize(changed)).toBe(text);
    });

    it('is the same after reading and writing, for any values and order of assignment', () => {
      class Loose {
        a: unknown = 1;
        b?: unknown;
        @Type(() => Loose) inner?: unknown;
        @Expose({ name: 'renamed' }) c: unknown = [];
        [name: string]: unknown;
      }
      const value = fc.oneof(fc.constantFrom(undefined, null, NaN, 1n, new Date(5), 1), fc.jsonValue({ maxDepth: 2 }));
      const name = fc.oneof(fc.constantFrom('a', 'b', 'c', '#set', '1', '10', 'toString'), fc.string());
      const fields = fc.array(fc.tuple(name, value, fc.boolean()));
      const fill = (loose: Loose, changes: [string, unknown, boolean][]): Loose => {
        for (const [key, content, isDeleted] of changes) {
          if (isDeleted) delete loose[key];
          else
            Object.defineProperty(loose, key, { value: content, enumerable: true, writable: true, configurable: true });
        }
        return loose;
      };
      const serializer = serializerOf(Loose);
      fc.assert(
        fc.property(fields, fields, (outer, inner) => {
          const session = fill(new Loose(), outer);
          session.inner = [fill(new Loose(), inner)];
          const text = serializer.serialize(session);
          expect(serializer.serialize(serializer.deserialize(text))).toBe(text);
        }),
        { numRuns: 500 },
      );
    });
  });

  it('is the same for an instance of an undeclared class and the plain object read from it', () => {
    class Scores {
      [name: string]: unknown;
      @Expose({ name: '5' }) five = 5;
    }
    class Game {
      scores: unknown = Object.assign(new Scores(), { b: 1, 10: 2, 9: undefined, '-1': 3, a: 4 });
    }
    expect(Object.keys(roundTrip(new Game()).scores as object)).toEqual(['9', '10', 'five', 'b', '-1', 'a']);
  });

  describe('undefined', () => {
    class Preferences {
      theme?: string | undefined = 'light';
      note?: string;
    }

    it('is not written if a new instance lacks the value too', () => {
      expect(serializerOf(Preferences).serialize(new Preferences())).toBe('{"theme":"light"}');
    });

    it('is written if a new instance has a value, and replaces it', () => {
      const session = new Preferences();
      session.theme = undefined;
      expect(serializerOf(Preferences).serialize(session)).toBe('{"theme":{"#undefined":0}}');
      expect(roundTrip(session).theme).toBeUndefined();
    });

    it('is written for a deleted field', () => {
      const session = new Preferences();
      delete session.theme;
      expect(roundTrip(session).theme).toBeUndefined();
    });

    it('is kept in nested classes too', () => {
      class Account {
        @Type(() => Preferences) preferences = new Preferences();
      }
      const session = new Account();
      session.preferences.theme = undefined;
      expect(roundTrip(session).preferences).toStrictEqual(Object.assign(new Preferences(), { theme: undefined }));
    });
  });

  describe('@Type', () => {
    class CartSession {
      @Type(() => Item) first?: Item;
      @Type(() => Item) items: Item[] = [];
      @Type(() => Item) bySku: Map<unknown, Item> = new Map();
      @Type(() => Item) wanted: Set<Item> = new Set();
      @Type(() => Item) rows: Item[][] = [];
      @Type(() => Date) touched?: Date;
      @Type(() => Number) total: unknown = 0;
    }

    it('creates instances of nested classes, also in arrays, Maps and Sets', () => {
      const session = new CartSession();
      session.first = item('a');
      session.items = [item('b', 2), item('c')];
      session.bySku = new Map<unknown, Item>([
        ['d', item('d')],
        [1, item('e')],
        [1n, item('f')],
        [null, item('g')],
      ]);
      session.wanted.add(item('h'));
      session.rows = [[item('i')], []];
      session.touched = new Date(5);
      const back = roundTrip(session);
      expect(back).toStrictEqual(session);
      expect(back.bySku.get(1n)).toBeInstanceOf(Item);
      expect([...back.wanted][0]!.label).toBe('1 x h');
    });

    it('keeps null, and elements that are null or undefined', () => {
      const session = new CartSession();
      session.first = null as never;
      session.items = [null, undefined] as never;
      expect(roundTrip(session)).toStrictEqual(session);
    });

    it('reads a Map from an object and a Set from an array, as class-transformer writes them', () => {
      const back = serializerOf(CartSession).deserialize('{"bySku":{"a":{"sku":"a"}},"wanted":[{"sku":"b"}]}');
      expect(back.bySku).toEqual(new Map([['a', item('a')]]));
      expect(back.bySku.get('a')).toBeInstanceOf(Item);
      expect(back.wanted).toBeInstanceOf(Set);
      expect([...back.wanted][0]).toBeInstanceOf(Item);
    });

    it('reads a Date from an ISO string or a number, and converts to String, Number and Boolean', () => {
      const serializer = serializerOf(CartSession);
      const time = '2024-01-02T03:04:05.000Z';
      expect(serializer.deserialize(`{"touched":"${time}"}`).touched).toEqual(new Date(time));
      expect(serializer.deserialize('{"touched":5}').touched).toEqual(new Date(5));
      expect(serializer.deserialize('{"total":"12"}').total).toBe(12);
    });

    it('may depend on the object that holds the value', () => {
      class Cat {
        purrs = true;
      }
      class Dog {
        barks = true;
      }
      class Owner {
        kind = 'dog';
        @Type((help) => (help!.object['kind'] === 'dog' ? Dog : Cat)) pet?: object;
      }
      const session = Object.assign(new Owner(), { kind: 'cat', pet: new Cat() });
      expect(roundTrip(session).pet).toBeInstanceOf(Cat);
    });

    it('may refer to its own class', () => {
      class Tree {
        @Type(() => Tree) children: Tree[] = [];
      }
      const session = Object.assign(new Tree(), {
        children: [new Tree(), Object.assign(new Tree(), { children: [new Tree()] })],
      });
      expect(roundTrip(session)).toStrictEqual(session);
    });

    it('does not change other values', () => {
      class Mixed {
        @Type(() => Item) any: unknown = undefined;
      }
      for (const any of [new Date(5), Buffer.from('a'), new Uint8Array([1]), 5n, NaN, 'text']) {
        const back = roundTrip(Object.assign(new Mixed(), { any })).any;
        expect(back).toEqual(any);
        expect(Object.getPrototypeOf(back)).toBe(Object.getPrototypeOf(any));
      }
    });
  });

  describe('a discriminator', () => {
    abstract class Shape {
      id = 0;
    }
    class Circle extends Shape {
      radius = 1;
    }
    class Square extends Shape {
      side = 1;
    }
    const discriminator = {
      property: 'kind',
      subTypes: [
        { name: 'circle', value: Circle },
        { name: 'square', value: Square },
      ],
    };
    class Drawing {
      @Type(() => Shape, { discriminator }) one?: Shape;
      @Type(() => Shape, { discriminator }) many: Shape[] = [];
      @Type(() => Shape, { discriminator }) named = new Map<string, Shape>();
      @Type(() => Shape, { discriminator }) all = new Set<Shape>();
      @Type(() => Shape, { discriminator, keepDiscriminatorProperty: true }) kept?: Shape & { kind?: string };
    }

    it('is written for the class and selects it on read', () => {
      const session = new Drawing();
      session.one = new Circle();
      session.many = [new Square(), new Circle()];
      session.named.set('a', new Square());
      session.all.add(new Circle());
      expect(roundTrip(session)).toStrictEqual(session);
    });

    it('is not set on written instances', () => {
      const session = Object.assign(new Drawing(), { one: new Circle(), many: [new Square()] });
      expect(serializerOf(Drawing).serialize(session)).toContain('"one":{"id":0,"kind":"circle","radius":1}');
      expect(Object.keys(session.one)).toEqual(['id', 'radius']);
      expect(Object.keys(session.many[0]!)).toEqual(['id', 'side']);
    });

    it('is set on the instance with keepDiscriminatorProperty', () => {
      const session = new Drawing();
      session.kept = new Circle();
      const serializer = serializerOf(Drawing);
      const text = serializer.serialize(session);
      const back = serializer.deserialize(text);
      expect(back.kept).toEqual({ id: 0, radius: 1, kind: 'circle' });
      expect(serializer.serialize(back)).toBe(text);
    });

    it('rejects a class that is not among the subTypes', () => {
      class Line extends Shape {}
      const session = Object.assign(new Drawing(), { many: [new Circle(), new Line()] });
      expect(() => serializerOf(Drawing).serialize(session)).toThrow(
        /^Drawing\.many\[1\] .*Line is not among the subTypes/,
      );
    });

    it('is visible to a transform', () => {
      class Seen {
        @Type(() => Shape, { discriminator })
        @Transform(({ value }) => ({ ...value }), { toPlainOnly: true })
        shape: Shape = new Circle();
      }
      const session = new Seen();
      expect(serializerOf(Seen).serialize(session)).toBe('{"shape":{"id":0,"radius":1,"kind":"circle"}}');
      expect(Object.keys(session.shape)).toEqual(['id', 'radius']);
      expect(roundTripOnce(session).shape).toBeInstanceOf(Circle);
    });

    function roundTripOnce<S extends object>(session: S): S {
      const serializer = serializerOf(session.constructor as new () => S);
      return serializer.deserialize(serializer.serialize(session));
    }
  });

  describe('@Expose', () => {
    class Account {
      @Expose({ name: 't' }) @Type(() => Date) touched?: Date;
      @Expose() visits = 5;
      first = 'Ada';
      last = 'Lovelace';

      @Expose() get name(): string {
        return `${this.first} ${this.last}`;
      }

      @Expose() initials(): string {
        return `${this.first[0]}${this.last[0]}`;
      }
    }

    it('renames a field in both directions', () => {
      const session = Object.assign(new Account(), { touched: new Date(5) });
      expect(serializerOf(Account).serialize(session)).toContain('"t":{"#date":5}');
      expect(roundTrip(session).touched).toEqual(new Date(5));
      expect(serializerOf(Account).nameOf('touched')).toBe('t');
      expect(serializerOf(Account).nameOf('visits')).toBe('visits');
      expect(serializerOf(Account).nameOf('unknown')).toBe('unknown');
    });

    it('writes getters and methods, but does not read them', () => {
      const serializer = serializerOf(Account);
      const text = serializer.serialize(new Account());
      expect(text).toBe('{"first":"Ada","initials":"AL","last":"Lovelace","name":"Ada Lovelace","visits":5}');
      const back = serializer.deserialize(text.replace('Ada Lovelace', 'Eve').replace('AL', 'EE'));
      expect(back.name).toBe('Ada Lovelace');
      expect(back.initials()).toBe('AL');
      expect(serializer.serialize(back)).toBe(text);
    });

    it('keeps the initial value of a missing field; with exposeDefaultValues: false it is undefined', () => {
      expect(serializerOf(Account).deserialize('{}').visits).toBe(5);
      expect(serializerOf(Account, { exposeDefaultValues: false }).deserialize('{}').visits).toBeUndefined();
    });

    it('stores one of two fields of one name, as class-transformer does', () => {
      @Exclude()
      class Clashing {
        @Expose({ name: 'n' }) first = 1;
        @Type(() => Number) @Expose({ name: 'n' }) second = 2;
      }
      expect(serializerOf(Clashing).serialize(new Clashing())).toBe(JSON.stringify(instanceToPlain(new Clashing())));
    });

    it('stores fields of a closed class that one direction exposes', () => {
      @Exclude()
      class Partial {
        @Expose({ toClassOnly: true }) read = 'r';
        @Expose({ toPlainOnly: true }) written = 'w';
      }
      const serializer = serializerOf(Partial);
      expect(serializer.serialize(new Partial())).toBe('{"read":"r","written":"w"}');
      const back = serializer.deserialize('{"read":"1","written":"2"}');
      expect(back).toEqual({ read: '1', written: '2' });
    });
  });

  describe('@Exclude', () => {
    it('excludes a field in both directions, whatever its value', () => {
      class Account {
        name = 'Ada';
        @Exclude() scratch: unknown = () => {};
      }
      const serializer = serializerOf(Account);
      expect(serializer.serialize(new Account())).toBe('{"name":"Ada"}');
      const back = serializer.deserialize('{"name":"Ada","scratch":"stored once"}');
      expect(back.scratch).toBeInstanceOf(Function);
      expect(serializer.serialize(back)).toBe('{"name":"Ada"}');
    });

    it('with toPlainOnly stores the field; any other @Exclude() excludes it in both directions', () => {
      class Account {
        @Exclude({ toPlainOnly: true }) hiddenFromResponses = 'a';
        @Exclude({ toClassOnly: true }) oneWay = 'b';
        @Exclude({ toClassOnly: true, toPlainOnly: true }) bothWays = 'c';
      }
      const serializer = serializerOf(Account);
      expect(serializer.serialize(new Account())).toBe('{"hiddenFromResponses":"a"}');
      expect(serializer.deserialize('{"hiddenFromResponses":"1","oneWay":"2","bothWays":"3"}')).toEqual({
        hiddenFromResponses: '1',
        oneWay: 'b',
        bothWays: 'c',
      });
    });

    it('with toPlainOnly on a class stores its fields', () => {
      @Exclude({ toPlainOnly: true })
      class Account {
        name = 'Ada';
        @Expose() role = 'guest';
      }
      const serializer = serializerOf(Account);
      expect(serializer.serialize(new Account())).toBe('{"name":"Ada","role":"guest"}');
      expect(serializer.deserialize('{"name":"Bob","role":"admin"}')).toEqual({ name: 'Bob', role: 'admin' });
    });

    it('of a nested class applies without @Type', () => {
      class Account {
        item: unknown = Object.assign(item('a'), { cache: 'secret' });
      }
      expect(serializerOf(Account).serialize(new Account())).toBe('{"item":{"sku":"a","quantity":1}}');
    });

    it('of a subclass applies if its base class is declared', () => {
      class Secretive extends Item {
        @Exclude() secret = 'secret';
      }
      class Account {
        @Type(() => Item) items: Item[] = [new Secretive()];
        @Type(() => Item) byName = new Map([['a', new Secretive()]]);
      }
      expect(serializerOf(Account).serialize(new Account())).not.toContain('secret');
      expect(serializerOf(Item).serialize(new Secretive())).not.toContain('secret');
    });

    it('of a class stores only exposed fields', () => {
      @Exclude()
      class Account {
        @Expose() name = 'Ada';
        other = 1;
      }
      expect(serializerOf(Account).serialize(new Account())).toBe('{"name":"Ada"}');
    });
  });

  describe('@Transform', () => {
    it('applies in both directions or one, and receives the whole object', () => {
      class Account {
        @Transform(({ value }) => value.toUpperCase(), { toPlainOnly: true })
        @Transform(({ value }) => value.toLowerCase(), { toClassOnly: true })
        name = 'ada';
        @Transform(({ value, obj }) => value ?? obj.at.getTime(), { toClassOnly: true })
        seen: number | null = null;
        at = new Date(5);
        @Transform(({ value, type }) => `${type}${value}`) both = '';
      }
      const serializer = serializerOf(Account);
      const text = serializer.serialize(new Account());
      expect(text).toBe('{"at":{"#date":5},"both":"1","name":"ADA","seen":null}');
      expect(serializer.deserialize(text)).toEqual({ at: new Date(5), both: '01', name: 'ada', seen: 5 });
    });

    it('to undefined stores nothing', () => {
      class Account {
        @Transform(() => undefined, { toPlainOnly: true }) secret = 'initial';
      }
      expect(serializerOf(Account).serialize(Object.assign(new Account(), { secret: 'x' }))).toBe('{}');
    });
  });

  describe('options', () => {
    class Account {
      @Expose({ groups: ['admin'] }) role = 'admin';
      @Expose({ since: 2 }) added = 'new';
      @Expose({ until: 2 }) removed = 'old';
      plain = 1;
    }

    it.each([
      [{}, '{"added":"new","plain":1,"removed":"old","role":"admin"}'],
      [{ groups: ['user'] }, '{"added":"new","plain":1,"removed":"old"}'],
      [{ groups: ['admin'] }, '{"added":"new","plain":1,"removed":"old","role":"admin"}'],
      [{ version: 1 }, '{"plain":1,"removed":"old","role":"admin"}'],
      [{ version: 2 }, '{"added":"new","plain":1,"role":"admin"}'],
      [{ excludeExtraneousValues: true }, '{"added":"new","removed":"old","role":"admin"}'],
      [{ strategy: 'excludeAll' as const }, '{"added":"new","removed":"old","role":"admin"}'],
    ])('%j', (options, text) => {
      const serializer = serializerOf(Account, options);
      expect(serializer.serialize(new Account())).toBe(text);
      const back = serializer.deserialize('{"role":"r","added":"a","removed":"r","plain":2}');
      const taken = Object.fromEntries(
        Object.keys(JSON.parse(text) as object).map((name) => [name, expect.anything()]),
      );
      const changed = Object.entries(back).filter(([name, value]) => value !== new Account()[name as keyof Account]);
      expect(Object.fromEntries(changed)).toEqual(taken);
    });
  });

  it('rejects an unknown option and lists the known ones', () => {
    const options = { groups: ['a'], enableImplicitConversion: true };
    expect(() => serializerOf(Item, options)).toThrow(
      expect.objectContaining({
        code: 'SESSION_CONFIGURATION',
        message: expect.stringMatching(/unknown option enableImplicitConversion\. Known: strategy, /),
      }),
    );
  });

  describe('inheritance', () => {
    class Base {
      @Expose({ name: 'i' }) id = 1;
      @Exclude() hidden = 'base';
      get derived(): string {
        return `derived ${this.id}`;
      }
    }
    class Extended extends Base {
      @Type(() => Item) items: Item[] = [];
    }

    it('uses the declarations of base classes', () => {
      const session = Object.assign(new Extended(), { id: 2, items: [item('a')] });
      expect(serializerOf(Extended).serialize(session)).toBe('{"i":2,"items":[{"quantity":1,"sku":"a"}]}');
      expect(roundTrip(session)).toStrictEqual(session);
    });

    it('does not assign an inherited getter', () => {
      expect(serializerOf(Extended).deserialize('{"derived":"forged"}').derived).toBe('derived 1');
    });
  });

  it('uses decorators that are applied after its construction, before its first use', () => {
    class Late {
      value = 1;
    }
    const serializer = serializerOf(Late);
    Expose({ name: 'v' })(Late.prototype, 'value');
    expect(serializer.serialize(new Late())).toBe('{"v":1}');
  });

  it('writes the expected bytes for a typical session', () => {
    class UserSession {
      userId?: string;
      @Type(() => Item) items: Item[] = [];
      @Expose({ name: 't' }) @Type(() => Date) touched?: Date;
      roles = new Set<string>();
    }
    const session = Object.assign(new UserSession(), {
      userId: 'u1',
      items: [item('a', 2)],
      touched: new Date(1_700_000_000_000),
      roles: new Set(['admin']),
    });
    expect(serializerOf(UserSession).serialize(session)).toBe(
      '{"items":[{"quantity":2,"sku":"a"}],"roles":{"#set":["admin"]},"t":{"#date":1700000000000},"userId":"u1"}',
    );
  });
});
