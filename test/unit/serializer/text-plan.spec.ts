import 'reflect-metadata';
import { jest } from '@jest/globals';
import { Expose, Type } from 'class-transformer';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';

class Item {
  sku = '';
  price = 0;
}

class UserSession {
  name = '';
  visits = 0;
  seenAt = new Date(0);
  nickname?: string;
  roles: string[] = [];
  settings: Record<string, unknown> = {};
  @Type(() => Item) favourite?: Item;
  @Type(() => Item) items: Item[] = [];
}

class Exposed {
  @Expose() name!: string;
}

const session = (fields: Partial<UserSession>): UserSession => Object.assign(new UserSession(), fields);
const item = (fields: Partial<Item>): Item => Object.assign(new Item(), fields);

const full: Partial<UserSession> = {
  name: 'Ada',
  visits: 3,
  seenAt: new Date(1_700_000_000_000),
  nickname: 'A.',
  roles: ['member', 'editor'],
  settings: { theme: 'dark', sizes: [1, 25] },
  favourite: item({ sku: 'a', price: 1 }),
  items: [item({ sku: 'b', price: 2 }), item({ sku: 'c', price: 3 })],
};

describe('text in the format of the writer', () => {
  let parse: jest.SpiedFunction<typeof JSON.parse>;
  beforeEach(() => {
    parse = jest.spyOn(JSON, 'parse');
  });
  afterEach(() => parse.mockRestore());

  const serializer = new SessionSerializerReflection(UserSession);

  it('is read as an instance without JSON.parse, also nested', () => {
    const given = session(full);
    expect(serializer.deserialize(serializer.serialize(given))).toStrictEqual(given);
    expect(parse).not.toHaveBeenCalled();
  });

  it('is read with any set of fields', () => {
    for (const fields of [{}, { nickname: 'x' }, { favourite: item({}) }, {}, full, { nickname: 'y' }]) {
      const given = session(fields);
      expect(serializer.deserialize(serializer.serialize(given))).toStrictEqual(given);
    }
    expect(parse).not.toHaveBeenCalled();
  });

  it('keeps any number of fields that the class lacks', () => {
    for (const count of [1, 150, 300]) {
      const given = Object.assign(
        session({}),
        Object.fromEntries(Array.from({ length: count }, (_, index) => [`extra${index}`, { index }])),
      );
      expect(serializer.deserialize(serializer.serialize(given))).toStrictEqual(given);
    }
    expect(parse).not.toHaveBeenCalled();
  });

  it('may contain a nested value that is not an instance', () => {
    for (const items of [[], [[item({ sku: 'd' })]], new Set([item({ sku: 'e' })]), null, 'none', [null, 1, {}]]) {
      const text = serializer.serialize(session({ items: items as Item[] }));
      expect(serializer.deserialize(text)).toStrictEqual(serializer.deserialize(` ${text}`));
    }
  });
});

describe('text in another format', () => {
  const serializer = new SessionSerializerReflection(UserSession);

  it.each([
    ['with white space', '{ "name" : "Ada" , "visits" : 3 }', { name: 'Ada', visits: 3 }],
    ['with escapes', '{"name":"A\\"da\\u0021","visits":3}', { name: 'A"da!', visits: 3 }],
    ['in another order', '{"visits":3,"name":"Ada"}', { name: 'Ada', visits: 3 }],
    ['with a field twice, of which the last counts', '{"name":"Bob","name":"Ada"}', { name: 'Ada' }],
    ['with a field twice in a nested one', '{"favourite":{"sku":"a","sku":"b"}}', { favourite: item({ sku: 'b' }) }],
    ['with names of digits', '{"0":1,"name":"Ada"}', { 0: 1, name: 'Ada' }],
    ['with an empty name', '{"":1,"name":"Ada"}', { '': 1, name: 'Ada' }],
    ['with a # name', '{"#date":1,"name":"Ada"}', { '#date': 1, name: 'Ada' }],
  ])('is read: %s', (_, text, fields) => {
    expect(serializer.deserialize(text)).toStrictEqual(session(fields));
  });

  it.each(['', '{"name":"Ada"', '{"name":"Ada"}}', '{"name":"Ada"}{}', '{"name":"Ada",}', '{"name":"Ada""visits":3}'])(
    'is rejected: %j',
    (text) => {
      expect(() => serializer.deserialize(text)).toThrow(SyntaxError);
    },
  );

  it('is read by JSON.parse if a field is missing', () => {
    const exposed = new SessionSerializerReflection(Exposed, { exposeDefaultValues: false });
    expect(Object.keys(exposed.deserialize('{}'))).toEqual(['name']);
  });

  it('throws an error of the class itself', () => {
    class Refusing {
      set name(_: string) {
        throw new RangeError('no such name');
      }
    }
    const refusing = new SessionSerializerReflection(Refusing);
    expect(() => refusing.deserialize('{"name":"Ada"}')).toThrow(new RangeError('no such name'));
  });
});
