import 'reflect-metadata';
import { Expose, Transform, Type } from 'class-transformer';
import { SessionUnserializableError } from '../../../src/errors/session.errors.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';

class Item {
  sku = '';
  extra?: unknown;
}

class UserSession {
  any?: unknown;
  @Type(() => Item) items: Item[] = [];
  @Type(() => Item) byName: Map<string, Item> = new Map();
  @Expose({ name: 'stored' }) renamed?: unknown;
}

function failure(session: object): SessionUnserializableError {
  try {
    new SessionSerializerReflection(session.constructor as new () => object).serialize(session);
  } catch (error) {
    expect(error).toBeInstanceOf(SessionUnserializableError);
    return error as SessionUnserializableError;
  }
  throw new Error('It was written.');
}

function failureOf(any: unknown): SessionUnserializableError {
  return failure(Object.assign(new UserSession(), { any }));
}

function cyclic(): object {
  const ring: Record<string, unknown> = { list: [{}] };
  (ring['list'] as unknown[])[0] = { back: ring };
  return ring;
}

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

describe('a value that cannot be written', () => {
  it.each<[string, unknown, string]>([
    ['a function', () => 1, 'UserSession.any'],
    ['a class', Item, 'UserSession.any'],
    ['a symbol', Symbol('s'), 'UserSession.any'],
    ['in an object', { a: { 'b c': Symbol('s') } }, 'UserSession.any[key][key]'],
    ['in a record by user', { ann: { card: () => 1 } }, 'UserSession.any[key][key]'],
    ['in a class in a record', { ann: Object.assign(new Item(), { extra: () => 1 }) }, 'UserSession.any[key].extra'],
    ['in an array', [1, [2, () => 1]], 'UserSession.any[1][1]'],
    ['as a key or value of a Map', new Map([['secret-key', () => 1]]), 'UserSession.any[0]'],
    ['in a Set', new Set([1, () => 1]), 'UserSession.any[1]'],
    ['a Promise', Promise.resolve(1), 'UserSession.any'],
    ['a WeakMap', { a: new WeakMap() }, 'UserSession.any[key]'],
    ['a WeakSet', new WeakSet(), 'UserSession.any'],
    ['a WeakRef', new WeakRef({}), 'UserSession.any'],
    ['an Error', new Error('secret-key'), 'UserSession.any'],
    ['a subclass of Error', new (class OwnError extends TypeError {})('secret-key'), 'UserSession.any'],
    ['a RegExp', /secret-key/, 'UserSession.any'],
    ['an ArrayBuffer', new ArrayBuffer(1), 'UserSession.any'],
    ['another typed array', new Float64Array(1), 'UserSession.any'],
    ['a DataView', new DataView(new ArrayBuffer(1)), 'UserSession.any'],
    ['a boxed primitive', Object('text'), 'UserSession.any'],
    ['a URL', new URL('http://secret-key/'), 'UserSession.any'],
    ['URLSearchParams', new URLSearchParams('secret-key'), 'UserSession.any'],
    ['a generator', (function* () {})(), 'UserSession.any'],
    ['an iterator', [1].values(), 'UserSession.any'],
    ['an Intl object', new Intl.NumberFormat(), 'UserSession.any'],
  ])('%s is rejected with its path, without its content', (_, any, path) => {
    const error = failureOf(any);
    expect(error.path).toBe(path);
    expect(error.message.startsWith(`${path} cannot be stored in a session: `)).toBe(true);
    expect(error.message).not.toContain('secret-key');
  });

  it.each<[string, () => unknown, unknown, string]>([
    ['an instance without a text of its own under String', () => String, new Item(), 'String'],
    ['an instance without a value of its own under Number', () => Number, [new Item()], 'Number'],
    ['an instance without a time of its own under Date', () => Date, new Item(), 'Date'],
    ['a plain object under String', () => String, { a: 1 }, 'String'],
    ['a function under String', () => String, () => 'secret-key', 'String'],
    ['a symbol under String', () => String, Symbol('secret-key'), 'String'],
    ['a bigint under Date', () => Date, 5n, 'Date'],
    ['an ArrayBuffer under Buffer', () => Buffer, new ArrayBuffer(1), 'Buffer'],
  ])('is not converted to another value: %s', (_, type, value, name) => {
    class Converted {
      @Type(type as () => new () => object) value = value;
    }
    const { message } = failure(new Converted());
    expect(message).toContain(`it cannot be converted to ${name}, the type of its field`);
    expect(message).not.toContain('secret-key');
  });

  it('is converted where it has a text or a value of its own', () => {
    class Converted {
      @Type(() => String) id: unknown = new URL('http://a/');
      @Type(() => Number) at: unknown = new Date(5);
      @Type(() => Date) since: unknown = new (class Moment {
        valueOf = (): number => 7;
      })();
    }
    expect(new SessionSerializerReflection(Converted).serialize(new Converted())).toBe(
      '{"at":5,"id":"http://a/","since":{"#date":7}}',
    );
  });

  it('is reported by property, not by stored name', () => {
    const session = new UserSession();
    session.items = [new Item(), new Item(), Object.assign(new Item(), { extra: { callback: () => 1 } })];
    expect(failure(session).path).toBe('UserSession.items[2].extra[key]');
    const mapped = new UserSession();
    mapped.byName.set('secret-key', Object.assign(new Item(), { extra: Symbol('s') }));
    expect(failure(mapped).path).toBe('UserSession.byName[0].extra');
    expect(failure(Object.assign(new UserSession(), { renamed: Symbol('s') })).path).toBe('UserSession.renamed');
  });

  it('may be a cycle, reported at its shortest path', () => {
    const session = new UserSession();
    session.any = session;
    expect(failure(session)).toMatchObject({ path: 'UserSession.any', message: expect.stringContaining('a cycle') });
    expect(failureOf(cyclic()).path).toBe('UserSession.any[key][0][key]');
    const map = new Map<string, unknown>();
    map.set('self', map);
    expect(failureOf(map).path).toBe('UserSession.any[0]');
    const set = new Set<unknown>();
    set.add(set);
    expect(failureOf([set]).path).toBe('UserSession.any[0][0]');
    const item = new Item();
    item.extra = [item];
    expect(failure(Object.assign(new UserSession(), { items: [item] })).path).toBe('UserSession.items[0].extra[0]');
  });

  it('is not an object that occurs in two places', () => {
    const shared = { a: 1 };
    const session = Object.assign(new UserSession(), { any: [shared, shared] });
    expect(new SessionSerializerReflection(UserSession).serialize(session)).toContain('"any":[{"a":1},{"a":1}]');
  });

  it('may be nested too deep', () => {
    const error = failureOf(deep(101));
    expect(error.message).toContain('more than 100 levels deep');
    expect(error.path).toBe(`UserSession.any${'[0]'.repeat(19)}...`);
    expect(failureOf(deep(50_000)).message).toContain('more than 100 levels deep');
  });

  it('may have a getter or transform that throws, with the error as cause', () => {
    const cause = new Error('no connection');
    class Failing {
      @Expose() get name(): string {
        throw cause;
      }
    }
    class Transforming {
      @Transform(() => {
        throw cause;
      })
      name = 'a';
    }
    for (const session of [new Failing(), new Transforming()]) {
      const error = failure(session);
      expect(error.path).toBe(`${session.constructor.name}.name`);
      expect(error.cause).toBe(cause);
    }
  });

  it('may be an instance whose class cannot be constructed', () => {
    class Demanding {
      name: string;
      constructor(options: { name: string }) {
        this.name = options.name;
      }
    }
    class Holder {
      @Type(() => Demanding) one = new Demanding({ name: 'a' });
    }
    const error = failure(new Holder());
    expect(error.path).toBe('Holder.one');
    expect(error.message).toContain('new Demanding() throws');
  });

  it('may be null or undefined instead of a session', () => {
    const serializer = new SessionSerializerReflection(UserSession);
    for (const value of [null, undefined]) {
      expect(() => serializer.serialize(value as never)).toThrow(SessionUnserializableError);
    }
  });

  it('does not affect the next session', () => {
    const serializer = new SessionSerializerReflection(UserSession);
    expect(() => serializer.serialize(Object.assign(new UserSession(), { any: () => 1 }))).toThrow();
    expect(serializer.serialize(new UserSession())).toBe('{"byName":{"#map":[]},"items":[]}');
  });

  it('is not an instance with fields, whatever its toStringTag', () => {
    class Named {
      value = 1;
      get [Symbol.toStringTag](): string {
        return 'Named';
      }
    }
    class Empty {}
    const session = Object.assign(new UserSession(), { any: [new Named(), new Empty()] });
    expect(new SessionSerializerReflection(UserSession).serialize(session)).toContain('"any":[{"value":1},{}]');
  });
});
