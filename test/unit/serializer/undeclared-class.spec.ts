import 'reflect-metadata';
import { transformSync } from '@swc/core';
import { ObjectId } from 'bson';
import { Expose, Transform, Type } from 'class-transformer';
import { Decimal } from 'decimal.js';
import mongoose from 'mongoose';
import { runInThisContext } from 'node:vm';
import ts from 'typescript';
import { SessionUnserializableError } from '../../../src/errors/session.errors.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import { WasCalled } from '../../../src/serializer/was-called.decorator.js';

class Bag {
  value?: unknown;
}

const serializer = new SessionSerializerReflection(Bag);

function bagOf(value: unknown): Bag {
  return Object.assign(new Bag(), { value });
}

function roundTrip(value: unknown): unknown {
  return serializer.deserialize(serializer.serialize(bagOf(value))).value;
}

function refusalOf(value: unknown): string {
  try {
    serializer.serialize(bagOf(value));
  } catch (error) {
    expect(error).toBeInstanceOf(SessionUnserializableError);
    return (error as Error).message;
  }
  throw new Error('It was written.');
}

class Vault {
  #secret = 'secret-key';
  name = 'vault';
  get secret(): string {
    return this.#secret;
  }
}

class Basket extends Array<number> {}
class Index extends Map<string, number> {}
class Tags extends Set<string> {}
class Moment extends Date {}
class Bytes extends Uint8Array {}

describe('an instance of a class without decorators', () => {
  it('is read as a plain object if its fields are plain', () => {
    class Address {
      city = 'London';
      lines = ['1 Main Street'];
      readonly since = new Date(5);
      get label(): string {
        return `#${this.city};`;
      }
      static #made = 0;
      static count(): number {
        return ++Address.#made;
      }
      #helper(): string {
        return "a '#note = 1;' in a text";
      }
      help(): string {
        // #comment = 1;
        return this.#helper() + `#template;`;
      }
    }
    expect(roundTrip(new Address())).toStrictEqual({
      city: 'London',
      lines: ['1 Main Street'],
      since: new Date(5),
    });
  });

  it('is refused like a plain object with content under a symbol', () => {
    expect(refusalOf({ nested: [{ [Symbol('hidden')]: 1 }] })).toContain('it has a property under a symbol');
  });

  it('is no session where it extends a built-in class', () => {
    for (const type of [Basket, Index, Tags, Moment]) {
      expect(() => new SessionSerializerReflection(type as new () => object)).toThrow(
        `${type.name} extends a built-in`,
      );
    }
  });

  it('is refused under the @Type of another class where that would lose content', () => {
    class Item {
      sku = '';
    }
    class Order {
      @Type(() => Item) item?: unknown;
    }
    class Priced extends Item {
      #cents = 5;
      get cents(): number {
        return this.#cents;
      }
    }
    class Named {
      sku = 'a';
      size = 1;
    }
    const orders = new SessionSerializerReflection(Order);
    const back = (item: unknown): unknown =>
      orders.deserialize(orders.serialize(Object.assign(new Order(), { item }))).item;
    expect(() => back(new Vault())).toThrow('Order.item cannot be stored in a session: it is an instance of Vault');
    expect(() => back([new Priced()])).toThrow('it is an instance of Priced, which has private fields');
    expect(back(new Decimal('1.5'))).toBe('1.5');
    expect(back(new ObjectId('507f1f77bcf86cd799439011'))).toBe('507f1f77bcf86cd799439011');
    expect(back(new Named())).toEqual({ sku: 'a', size: 1 });
    expect(back(new Named())).toBeInstanceOf(Item);
  });

  it('keeps its property names where a stored name would not be read back', () => {
    class Line {
      @Expose({ name: 'n' }) count = 2;
    }
    class Profile {
      @Expose({ name: 'full_name' }) fullName = 'Ada';
      @WasCalled('surname') lastName = 'L';
      @Type(() => Line) lines = [new Line()];
    }
    expect(roundTrip(new Profile())).toStrictEqual({ fullName: 'Ada', lastName: 'L', lines: [{ count: 2 }] });
    class Owner {
      @Type(() => Profile) profile = new Profile();
    }
    const owners = new SessionSerializerReflection(Owner);
    expect(owners.serialize(new Owner())).toContain('"full_name":"Ada"');
    expect(owners.deserialize(owners.serialize(new Owner()))).toStrictEqual(new Owner());
  });

  it.each([
    ['URLSearchParams', new URLSearchParams('a=1')],
    ['Headers', new Headers({ a: '1' })],
    ['FormData', new FormData()],
  ])('is refused under its own @Type if it is a class of the platform: %s', (name, value) => {
    class Search {
      @Type(() => value.constructor) value: unknown = value;
    }
    expect(() => new SessionSerializerReflection(Search).serialize(new Search())).toThrow(
      `Search.value cannot be stored in a session: it is an instance of ${name}, whose content is not in its fields`,
    );
  });

  it('may be empty if its class has no members', () => {
    class Marker {}
    expect(roundTrip(new Marker())).toStrictEqual({});
  });

  it.each<[string, unknown, string | number]>([
    ['an ObjectId of MongoDB', new ObjectId('64b7f0c2a1b2c3d4e5f60718'), '64b7f0c2a1b2c3d4e5f60718'],
    ['an ObjectId of mongoose', new mongoose.Types.ObjectId('64b7f0c2a1b2c3d4e5f60718'), '64b7f0c2a1b2c3d4e5f60718'],
    ['a Decimal', new Decimal('12.30'), '12.3'],
    [
      'a class with private fields and toJSON()',
      new (class Money {
        #cents = 1250;
        toJSON(): number {
          return this.#cents;
        }
      })(),
      1250,
    ],
    [
      'a class with [Symbol.toPrimitive]()',
      new (class Temperature {
        #degrees = 21;
        [Symbol.toPrimitive](hint: string): string | number {
          return hint === 'number' ? this.#degrees : `${this.#degrees} °C`;
        }
      })(),
      '21 °C',
    ],
    [
      'a subclass of Date with toJSON()',
      new (class Day extends Date {
        override toJSON(): string {
          return this.toISOString().slice(0, 10);
        }
      })(0),
      '1970-01-01',
    ],
  ])('is stored as a string or number: %s', (_, value, stored) => {
    expect(roundTrip(value)).toBe(stored);
    expect(roundTrip([{ value }])).toStrictEqual([{ value: stored }]);
  });

  it.each<[string, unknown, string]>([
    ['private fields', new Vault(), 'Vault, which has private fields'],
    [
      'private fields of a base class',
      new (class Safe extends Vault {
        size = 1;
      })(),
      'Safe, which has private fields',
    ],
    ['a subclass of Array', Basket.from([1, 2]), 'Basket, which extends Array and would be read back as a plain Array'],
    ['a subclass of Map', new Index([['a', 1]]), 'Index, which extends Map'],
    ['a subclass of Set', new Tags(['a']), 'Tags, which extends Set'],
    ['a subclass of Date', new Moment(5), 'Moment, which extends Date'],
    ['a subclass of Uint8Array', new Bytes(2), 'Bytes, which extends Uint8Array'],
    [
      'a field that is not enumerable',
      Object.defineProperty(new (class Entity {})(), 'hash', { value: 'secret-key' }),
      'Entity, which has content outside its enumerable fields',
    ],
    [
      'a field under a symbol',
      Object.assign(new (class Entity {})(), { [Symbol('state')]: 'secret-key' }),
      'Entity, which has content outside its enumerable fields',
    ],
    [
      'toJSON() that hides a field, as entities of an ORM have it',
      new (class User {
        name = 'Ada';
        hash = 'secret-key';
        toJSON(): object {
          return { name: this.name };
        }
      })(),
      'User, whose toJSON() does not return its fields',
    ],
    [
      'a document of mongoose',
      new (mongoose.model('UncoveredUser', new mongoose.Schema({ name: String })))({ name: 'secret-key' }),
      'whose toJSON() does not return its fields',
    ],
    [
      'methods and no field',
      ((): object => {
        const hidden = new WeakMap<object, string>();
        class Session {
          read(): string | undefined {
            return hidden.get(this);
          }
        }
        const session = new Session();
        hidden.set(session, 'secret-key');
        return session;
      })(),
      'Session, whose content is not in its fields',
    ],
  ])('is rejected with %s', (_, value, problem) => {
    const message = refusalOf({ list: [value] });
    expect(message).toContain('Bag.value[key][0] cannot be stored in a session: it is an instance of ');
    expect(message).toContain(problem);
    expect(message).toMatch(/Store a plain value .* @Type\(\) or @Transform\(\)/);
    expect(message).not.toContain('secret-key');
  });

  it('is stored if toJSON() returns its fields', () => {
    class Money {
      amount = 12;
      currency = 'EUR';
      toJSON(): object {
        return { amount: this.amount, currency: this.currency };
      }
    }
    expect(roundTrip(new Money())).toStrictEqual({ amount: 12, currency: 'EUR' });
  });

  const source =
    'class Vault { #secret; name = "vault"; constructor() { this.#secret = 1; } read() { return this.#secret; } }';
  const made = (code: string): object => runInThisContext(`(() => { ${code}; return new Vault(); })()`) as object;

  it('is rejected if TypeScript compiled its private fields to WeakMaps', () => {
    const compiled = ts.transpileModule(source, { compilerOptions: { target: ts.ScriptTarget.ES2021 } }).outputText;
    expect(compiled).toContain('WeakMap');
    expect(refusalOf(made(compiled))).toContain('private fields');
  });

  it('is rejected if SWC compiled its private fields to WeakMaps', () => {
    const { code } = transformSync(source, { jsc: { target: 'es2021', externalHelpers: false } });
    expect(code).toContain('WeakMap');
    expect(refusalOf(made(code))).toContain('private fields');
  });

  it('is rejected if its code is minified', () => {
    const { code } = transformSync(`(() => { ${source} return new Vault(); })()`, {
      minify: true,
      jsc: { target: 'es2022', minify: { compress: true, mangle: true } },
    });
    expect(code).not.toContain('\n');
    expect(refusalOf(runInThisContext(code))).toContain('private fields');
  });

  it('is restored with @Type() or @Transform()', () => {
    class Basket {
      #count = 0;
      items: string[] = [];
      add(item: string): number {
        this.items.push(item);
        return ++this.#count;
      }
    }
    class Shop {
      @Type(() => Basket) basket = new Basket();
      @Transform(({ value }) => new Decimal(value as string), { toClassOnly: true }) total = new Decimal('0.10');
    }
    const shop = new SessionSerializerReflection(Shop);
    const present = new Shop();
    present.basket.add('a');
    const read = shop.deserialize(shop.serialize(present));
    expect(read.basket).toBeInstanceOf(Basket);
    expect(read.basket.items).toStrictEqual(['a']);
    expect(read.total.plus('0.2').toString()).toBe('0.3');
  });

  it('with hidden content is not taken for unchanged', () => {
    class Counter {
      #value = 1;
      increment(): void {
        this.#value++;
      }
      toJSON(): number {
        return this.#value;
      }
    }
    const counter = new Counter();
    const snapshot = serializer.capture(bagOf(counter));
    counter.increment();
    expect(snapshot?.matches(bagOf(counter)) ?? false).toBe(false);
  });
});

describe('an object whose prototype is empty', () => {
  // As the parsers of Fastify create them.
  const Parsed = function () {} as unknown as new () => Record<string, unknown>;
  Parsed.prototype = Object.create(null);

  it('is stored like a plain object', () => {
    const query = Object.assign(new Parsed(), { a: '1', b: ['2', '3'] });
    expect(roundTrip(query)).toStrictEqual({ a: '1', b: ['2', '3'] });
    expect(roundTrip([new Parsed()])).toStrictEqual([{}]);
    expect(serializer.capture(bagOf(query))?.matches(bagOf(query)) ?? true).toBe(true);
  });

  it('is refused if the prototype has content', () => {
    expect(refusalOf(Object.create({ a: 1 }))).toContain('whose content is not in its fields');
    expect(refusalOf(Object.create(Object.assign(new Parsed(), { a: 1 })))).toContain(
      'it is an instance of (anonymous), whose content is not in its fields',
    );
    expect(refusalOf([1][Symbol.iterator]())).toContain('whose content is not in its fields');
  });
});

describe('_locals, which Express adds to rendered objects', () => {
  it('is not stored at any depth', () => {
    const session = bagOf({ page: { title: 'a', _locals: { translate: () => 'b' } } });
    Object.assign(session, { _locals: Object.assign(Object.create(null), { nonce: 'r4nd0m', helper: () => 1 }) });
    expect(serializer.serialize(session)).toBe('{"value":{"page":{"title":"a"}}}');
  });
});
