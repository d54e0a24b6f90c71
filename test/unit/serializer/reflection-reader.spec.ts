import 'reflect-metadata';
import { Expose, plainToInstance, Transform, Type } from 'class-transformer';
import * as fc from 'fast-check';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';

class Item {
  sku = '';
}

class UserSession {
  name = 'initial';
  any?: unknown;
  @Type(() => Item) item?: Item;
  @Type(() => Item) items: Item[] = [];
  @Type(() => Item) map: Map<string, Item> = new Map();
  greet(): string {
    return `hello ${this.name}`;
  }
  get shout(): string {
    return this.name.toUpperCase();
  }
  set quiet(value: string) {
    this.name = value.toLowerCase();
  }
}

class SeesSource {
  @Transform(({ value, obj }) => (obj.admin ? 'admin' : value)) role = 'user';
  @Type((help) => (help!.object['admin'] ? Date : Item)) any?: unknown;
}

const serializer = new SessionSerializerReflection(UserSession);

function read(text: string): UserSession {
  return serializer.deserialize(text);
}

describe('an invalid text', () => {
  it.each([
    ['empty', ''],
    ['no JSON', 'secret-value'],
    ['cut off', '{"name":"secret-value'],
    ['followed by more', '{} secret-value'],
    ['a string', '"secret-value"'],
    ['a number', '1'],
    ['null', 'null'],
    ['an array', '["secret-value"]'],
    ['with a broken date', '{"any":{"#date":"secret-value"}}'],
    ['with a broken bigint', '{"any":{"#bigint":"secret-value"}}'],
    ['with a bigint that is none', '{"any":{"#bigint":1}}'],
    ['with a broken number', '{"any":{"#number":"secret-value"}}'],
    ['with a broken map', '{"any":{"#map":{"a":1}}}'],
    ['with a broken map entry', '{"any":{"#map":[1]}}'],
    ['with a broken set', '{"any":{"#set":"secret-value"}}'],
    ['with broken bytes', '{"any":{"#bytes":[1]}}'],
    ['with a broken escape', '{"any":{"#object":[1]}}'],
    ['with a broken tag under a type', '{"item":{"#date":"secret-value"}}'],
  ])('%s is rejected without the text in the message', (_, text) => {
    expect(() => read(text)).toThrow(SyntaxError);
    expect(() => read(text)).not.toThrow('secret-value');
  });

  it.each(['any', 'item', 'items', 'map', 'unknown'])('is rejected if nested too deep, in %s', (field) => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
      ['{"item":', '}'],
      ['{"#set":[', ']}'],
      ['{"#map":[[1,', ']]}'],
      ['{"#object":', '}'],
    ] as const) {
      const text = `{"${field}":${open.repeat(20_000)}{}${close.repeat(20_000)}}`;
      expect(() => read(text)).toThrow('nested too deep');
    }
  });

  it('is read in linear time', () => {
    const flat = Array.from({ length: 20_000 }, (_, index) => `"key${index}":{"#date":${index}}`).join(',');
    expect(Object.keys(read(`{${flat}}`))).toHaveLength(20_005);
    expect(read(`{"items":[${'{"sku":"a"},'.repeat(20_000)}{}]}`).items).toHaveLength(20_001);
  });
});

describe('names that could reach a prototype', () => {
  const payload = '{"polluted":true,"greet":1,"admin":true}';
  const names = ['__proto__', 'constructor', 'prototype', '\\u005f_proto__', '\\u0063onstructor', 'prototyp\\u0065'];
  const places: [string, (hostile: string) => string][] = [
    ['the session', (hostile) => `{${hostile},"name":"a"}`],
    ['a field', (hostile) => `{"name":"a","any":{${hostile}}}`],
    ['a field, deeper', (hostile) => `{"name":"a","any":[{"a":{${hostile}}}]}`],
    ['a Map', (hostile) => `{"name":"a","any":{"#map":[["k",{${hostile}}],[{${hostile}},1]]}}`],
    ['a Set', (hostile) => `{"name":"a","any":{"#set":[{${hostile}}]}}`],
    ['an escaped object', (hostile) => `{"name":"a","any":{"#object":{${hostile}}}}`],
    ['a nested instance', (hostile) => `{"name":"a","item":{${hostile}}}`],
    ['a nested instance in an array', (hostile) => `{"name":"a","items":[{${hostile}}]}`],
    ['a nested instance in a Map', (hostile) => `{"name":"a","map":{"#map":[["k",{${hostile}}]]}}`],
    ['an object that becomes a Map', (hostile) => `{"name":"a","map":{${hostile}}}`],
  ];
  const cases = places.flatMap(([place, make]) =>
    names.map((name): [string, string, string] => [name, place, make(`"${name}":${payload}`)]),
  );

  it.each(cases)('%s in %s is ignored', (_, __, text) => {
    const session = read(text);
    expect(session.name).toBe('a');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    for (const object of objectsIn(session)) {
      expect((object as Record<string, unknown>)['polluted']).toBeUndefined();
      expect([Object, UserSession, Item, Array, Map, Set]).toContain(object.constructor);
      for (const name of ['__proto__', 'constructor', 'prototype']) expect(Object.hasOwn(object, name)).toBe(false);
    }
    expect(session.greet()).toBe('hello a');
    expect(serializer.serialize(session)).not.toMatch(/proto|constructor|polluted/);
  });

  it('do not break tagged values if Object.prototype is polluted', () => {
    const everybody: object = Object.prototype;
    Object.defineProperty(everybody, 'polluted', { value: 1, enumerable: true, configurable: true });
    try {
      expect(read('{"name":"a","any":{"#date":7}}').any).toEqual(new Date(7));
    } finally {
      Reflect.deleteProperty(everybody, 'polluted');
    }
  });

  it.each(names)('%s is not passed to transforms and type functions', (name) => {
    const session = new SessionSerializerReflection(SeesSource).deserialize(
      `{"${name}":{"admin":true},"role":"user","any":{"sku":"a"}}`,
    );
    expect(session.role).toBe('user');
    expect(session.any).toBeInstanceOf(Item);
  });

  it('are not written', () => {
    const session = new UserSession();
    session.any = JSON.parse('{"__proto__":1,"constructor":2,"prototype":3,"a":4}');
    expect(JSON.parse(serializer.serialize(session))).toMatchObject({ any: { a: 4 } });
    expect(serializer.serialize(session)).not.toMatch(/proto|constructor/);
  });

  it('are data in Maps and Sets', () => {
    const session = new UserSession();
    session.any = [new Map([['__proto__', 1]]), new Set(['constructor'])];
    expect(read(serializer.serialize(session)).any).toEqual(session.any);
  });

  it('change no prototype, in any JSON', () => {
    const key = fc.constantFrom(
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      '#map',
      '#set',
      '#object',
      'item',
      'items',
      'a',
    );
    const json = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(1, 'a', null, true),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.array(fc.tuple(key, tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
      ),
    })).value;
    const before = [Object, Function, Array, Map, UserSession, Item].map(
      (type) => Reflect.ownKeys(type.prototype).length,
    );
    fc.assert(
      fc.property(json, (value) => {
        const text = jsonText(
          new Map([
            ['any', value],
            ['item', value],
            ['x', value],
          ]),
        );
        let session: UserSession;
        try {
          session = read(text);
        } catch {
          return;
        }
        for (const object of objectsIn(session)) {
          expect(['__proto__', 'constructor', 'prototype'].filter((name) => Object.hasOwn(object, name))).toEqual([]);
          expect([Object, UserSession, Item, Array, Map, Set]).toContain(object.constructor);
        }
      }),
      { numRuns: 1000 },
    );
    const after = [Object, Function, Array, Map, UserSession, Item].map(
      (type) => Reflect.ownKeys(type.prototype).length,
    );
    expect(after).toEqual(before);
  });
});

describe('a stored field', () => {
  it('does not replace a method, a getter or a member of Object.prototype', () => {
    const session = read('{"greet":"forged","shout":"forged","toString":"forged","hasOwnProperty":1,"name":"a"}');
    expect(session.greet()).toBe('hello a');
    expect(session.shout).toBe('A');
    expect(Object.keys(session)).toEqual(Object.keys(new UserSession()));
  });

  it('does not replace a function in a field', () => {
    class WithHandler {
      handler = (): number => 1;
      @Expose() exposed = (): number => 2;
    }
    const session = new SessionSerializerReflection(WithHandler).deserialize('{"handler":"forged","exposed":"forged"}');
    expect(session.handler()).toBe(1);
    expect(session.exposed()).toBe(2);
  });

  it('does not replace a property of the prototype, as in class-transformer', () => {
    class WithConstant {
      declare readonly limit: number;
    }
    Object.defineProperty(WithConstant.prototype, 'limit', { value: 5, writable: true });
    const constant = new SessionSerializerReflection(WithConstant).deserialize('{"limit":9}');
    expect(constant.limit).toBe(5);
    expect(plainToInstance(WithConstant, { limit: 9 }).limit).toBe(5);
  });

  it('is assigned through a setter', () => {
    expect(read('{"quiet":"LOUD"}').name).toBe('loud');
  });

  it('does not replace a read-only field', () => {
    class Fixed {
      constructor() {
        Object.defineProperty(this, 'id', { value: 1, enumerable: true });
      }
    }
    const fixed = new SessionSerializerReflection(Fixed).deserialize('{"id":2}');
    expect(fixed).toEqual({ id: 1 });
  });
});

function objectsIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.values(value);
  return [value, ...inner.flatMap(objectsIn)];
}

function jsonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (!(value instanceof Map)) return JSON.stringify(value);
  return `{${[...value].map(([name, field]) => `${JSON.stringify(name)}:${jsonText(field)}`).join(',')}}`;
}
