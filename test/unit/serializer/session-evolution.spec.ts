import 'reflect-metadata';
import { Expose, Type } from 'class-transformer';
import { Migrate, WasCalled, type SessionMigration } from 'nestjs-sessions';
import { type StoredFields } from 'nestjs-sessions/core';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { SessionMerge } from '../../../src/tracker/session-merge.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';

class Item {
  sku = '';
}

/** Before there were versions. */
class First {
  name = '';
  visits = 0;
}

class Second {
  firstName = '';
  lastName = '';
  visits = 0;
  @Type(() => Item) items: Item[] = [];

  @Migrate(1, 2) static splitName(old: StoredFields): StoredFields {
    const { name, ...others } = old;
    const [firstName = '', lastName = ''] = String(name).split(' ');
    return { ...others, firstName, lastName };
  }
}

class Third extends Second {
  seen = new Date(0);
  @Migrate(2, 3) static addSeen(old: StoredFields): void {
    old['seen'] = new Date(5);
    old['by'] = new Map([['a', 1n]]);
  }
}

const first = new SessionSerializerReflection(First);
const second = new SessionSerializerReflection(Second, {}, { version: 2 });
const third = new SessionSerializerReflection(Third, {}, { version: 3 });

describe('a class with a version', () => {
  it('writes its version before the fields, and reads instances without it', () => {
    const text = second.serialize(Object.assign(new Second(), { firstName: 'Ada', items: [{ sku: 'a' }] }));
    expect(text).toBe('{"#version":2,"firstName":"Ada","items":[{"sku":"a"}],"lastName":"","visits":0}');
    const back = second.deserialize(text);
    expect(Object.keys(back)).toEqual(['firstName', 'lastName', 'visits', 'items']);
    expect(back.items[0]).toBeInstanceOf(Item);
    expect(second.serialize(back)).toBe(text);
    expect(second.capture(back)!.matches(second.deserialize(text))).toBe(true);
  });

  it('upgrades sessions of older versions step by step, also those without a version', () => {
    const read = third.deserialize('{"name":"Ada Lovelace","visits":3}') as Third & { by?: unknown };
    expect(read).toBeInstanceOf(Third);
    expect(read).toMatchObject({ firstName: 'Ada', lastName: 'Lovelace', visits: 3, seen: new Date(5) });
    expect(read.by).toEqual(new Map([['a', 1n]]));
    expect(read).not.toHaveProperty('name');
    expect(third.deserialize('{"#version":2,"firstName":"Bob"}').seen).toEqual(new Date(5));
  });

  it('distinguishes version 12 from version 1', () => {
    const migrated: number[] = [];
    const step: SessionMigration = { from: 1, to: 2, migrate: () => void migrated.push(1) };
    const serializer = new SessionSerializerReflection(First, {}, { version: 2, migrations: [step] });
    expect(serializer.serialize(serializer.deserialize('{"#version":21,"visits":1}'))).toContain('"#version":21');
    expect(migrated).toEqual([]);
    serializer.deserialize('{"#version":1,"visits":1}');
    expect(migrated).toEqual([1]);
  });

  it('needs no step for versions that only added fields', () => {
    class Fourth extends Third {}
    expect(new SessionSerializerReflection(Fourth, {}, { version: 9 }).deserialize('{"name":"A B"}').lastName).toBe(
      'B',
    );
  });

  it('keeps fields and version of a newer version', () => {
    const text = third.serialize(Object.assign(new Third(), { firstName: 'Ada', seen: new Date(7) }));
    const older = second.deserialize(text);
    older.visits = 1;
    const written = second.serialize(older);
    expect(written).toContain('"#version":3');
    expect(third.deserialize(written)).toMatchObject({ firstName: 'Ada', seen: new Date(7), visits: 1 });
    expect([second.isNewer(text), third.isNewer(text), first.isNewer(text)]).toEqual([true, false, true]);
  });

  it('keeps all fields if three versions change one session 100 times in turns', () => {
    let text = first.serialize(Object.assign(new First(), { name: 'Ada Lovelace' }));
    for (let turn = 0; turn < 100; turn++) {
      const serializer = [first, third, second][turn % 3] as typeof second;
      const session = serializer.deserialize(text);
      session.visits++;
      if (session instanceof Third) session.seen = new Date(turn);
      text = serializer.serialize(session);
    }
    expect(third.deserialize(text)).toMatchObject({
      firstName: 'Ada',
      lastName: 'Lovelace',
      visits: 100,
      seen: new Date(97),
    });
  });

  it('merges parallel changes of two versions in the newer version', () => {
    const merge = new SessionMerge('user', second, 'mine');
    const base = '{"name":"Ada Lovelace","visits":1}';
    const mine = second.serialize(Object.assign(second.deserialize(base), { lastName: 'King' }));
    const merged = second.deserialize(merge.merge(base, mine, '{"name":"Ada Lovelace","visits":2}').text);
    expect(merged).toMatchObject({ firstName: 'Ada', lastName: 'King', visits: 2 });
    const older = new SessionMerge('user', first, 'mine');
    const theirs = third.serialize(Object.assign(third.deserialize(base), { visits: 5 }));
    const joined = older.merge(base, '{"name":"Ada Byron","visits":1}', theirs).text;
    expect(third.deserialize(joined)).toMatchObject({ firstName: 'Ada', visits: 5 });
  });

  it.each<[string, StoredFields | undefined]>([
    ['throws', undefined],
    ['gives a promise', Promise.resolve({}) as unknown as StoredFields],
    ['gives a list', [] as unknown as StoredFields],
  ])('rejects a session whose migration %s, without its content', (_, result) => {
    const migrate = (): StoredFields => {
      if (result === undefined) throw new Error('secret-key');
      return result;
    };
    const serializer = new SessionSerializerReflection(
      First,
      {},
      { version: 2, migrations: [{ from: 1, to: 2, migrate }] },
    );
    expect(() => serializer.deserialize('{"name":"secret-key"}')).toThrow(/^The migration from version 1 to 2 /);
  });

  it.each(['{"#version":"2"}', '{"#version":0}', '{"#version":1.5}', '{"#version":null1}'])(
    'rejects an invalid version: %s',
    (text) => {
      expect(() => second.deserialize(text)).toThrow(SyntaxError);
    },
  );

  it.each<[number, readonly SessionMigration[], RegExp]>([
    [0, [], /version must be an integer from 1/],
    [1.5, [], /version must be an integer from 1/],
    [2, [{ from: 2, to: 2, migrate: () => {} }], /must lead to a newer version/],
    [2, [{ from: 0, to: 2, migrate: () => {} }], /must lead to a newer version/],
    [2, [{ from: 2, to: 3, migrate: () => {} }], /leads to version 3, but the class has version 2/],
    [
      3,
      [
        { from: 1, to: 2, migrate: () => {} },
        { from: 1, to: 3, migrate: () => {} },
      ],
      /two migrations start from version 1/,
    ],
  ])('rejects version %d with the migrations %j', (version, migrations, message) => {
    const make = (): unknown => new SessionSerializerReflection(First, {}, { version, migrations });
    expect(make).toThrow(SessionConfigurationError);
    expect(make).toThrow(message);
  });
});

describe('@WasCalled()', () => {
  class Before {
    name = '';
    visits = 0;
  }
  class After {
    @Expose({ name: 'n' }) @WasCalled('name') fullName = '';
    visits = 0;
  }
  class Later {
    @WasCalled('name', { alsoWrite: false }) fullName = '';
  }
  class Holder {
    @Type(() => After) users: After[] = [];
  }
  const before = new SessionSerializerReflection(Before);
  const after = new SessionSerializerReflection(After);

  it('reads the former name and writes both', () => {
    const read = after.deserialize('{"name":"Ada","visits":1}');
    expect(read).toEqual(Object.assign(new After(), { fullName: 'Ada', visits: 1 }));
    expect(after.serialize(read)).toBe('{"n":"Ada","name":"Ada","visits":1}');
    expect(after.nameOf('fullName')).toBe('n');
  });

  it('works in nested classes', () => {
    const holder = new SessionSerializerReflection(Holder);
    expect(holder.deserialize('{"users":[{"name":"Ada"},{"n":"Bob"}]}').users.map((user) => user.fullName)).toEqual([
      'Ada',
      'Bob',
    ]);
  });

  it('keeps changes if old and new class change the field 100 times in turns', () => {
    let text = before.serialize(new Before());
    for (let turn = 0; turn < 50; turn++) {
      const old = before.deserialize(text);
      if (turn > 0) expect(old.name).toBe(`new ${turn - 1}`);
      Object.assign(old, { name: `old ${turn}`, visits: old.visits + 1 });
      const present = after.deserialize(before.serialize(old));
      expect(present.fullName).toBe(`old ${turn}`);
      Object.assign(present, { fullName: `new ${turn}`, visits: present.visits + 1 });
      text = after.serialize(present);
    }
    expect(after.deserialize(text)).toEqual(Object.assign(new After(), { fullName: 'new 49', visits: 100 }));
  });

  it('does not write the former name with alsoWrite: false', () => {
    const later = new SessionSerializerReflection(Later);
    expect(later.serialize(later.deserialize('{"name":"Ada"}'))).toBe('{"fullName":"Ada"}');
  });

  it('rejects a missing or equal name', () => {
    expect(() => WasCalled('same')(First.prototype, 'same')).toThrow(SessionConfigurationError);
    expect(() => WasCalled('')(First.prototype, 'name')).toThrow(SessionConfigurationError);
  });
});

it('@Migrate() rejects anything but a static method', () => {
  expect(() => Migrate(1, 2)(First.prototype, 'step', { value: () => {} })).toThrow(
    /static method of the session class/,
  );
});
