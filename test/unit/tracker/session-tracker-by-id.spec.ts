import * as fc from 'fast-check';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { SessionConflictError, SessionError, SessionUnserializableError } from '../../../src/errors/session.errors.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import type { SessionSerializer } from '../../../src/serializer/session-serializer.js';
import { NEVER } from '../../../src/storage/session-storage.js';
import { hashSessionId } from '../../../src/tracker/session-id-provider.js';
import { SessionLifetime } from '../../../src/tracker/session-lifetime.js';
import { SessionMerge } from '../../../src/tracker/session-merge.js';
import { ROTATED } from '../../../src/tracker/session-records.js';
import { SessionTrackerById } from '../../../src/tracker/session-tracker-by-id.js';
import type { StoreResult } from '../../../src/tracker/session-tracker.js';
import { fails, isLost, isOvertaken, isResent, waitsFor, type Scene, type Verb } from './scripted-storage.js';
import { bench, call, idOf, sessionOf, START, trackerOver, User } from './tracker-bench.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const minutes = (idle: number, absolute: number) =>
  new SessionLifetime({ idleTimeoutInSeconds: idle * 60, absoluteTimeoutInSeconds: absolute * 60 });

describe('load', () => {
  it('gives what was stored, as an instance of the class', async () => {
    const { tracker, stored } = bench();
    const session = await stored({ userId: 'u1', visits: 3 });
    expect(session.value).toBeInstanceOf(User);
    expect(session).toMatchObject({
      value: { userId: 'u1', visits: 3 },
      createdAt: START,
      renewedAt: START,
      owner: 'u1',
    });
    expect(session.text).toBe(tracker.serialize(session.value));
    expect(session.version).toBeDefined();
  });

  it.each(['', 'x'.repeat(513)])('does not even ask the storage for an id that cannot be (%#)', async (id) => {
    const { tracker, storage } = bench();
    expect(await tracker.load(id)).toMatchObject({ status: 'rejected', reason: 'malformed' });
    expect(storage.calls).toEqual([]);
  });

  it.each(['../x', '..%2f', 'a/b', 'a\0b', 'x'.repeat(512), 'ü', '~ended', '*', '__proto__'])(
    'treats the id %j as unknown and stores nothing under it',
    async (id) => {
      const { tracker, storage } = bench();
      expect(await tracker.load(id)).toMatchObject({ status: 'rejected', reason: 'unknown-id' });
      expect(storage.calls).toEqual(['read']);
      expect(storage.memory.size).toBe(0);
    },
  );

  it('does not accept the hash in the storage as an id', async () => {
    const { stored, loaded } = bench();
    const { id } = await stored();
    expect(await loaded(hashSessionId(id!))).toBe('unknown-id');
  });

  it('never opens the record of a session with another name in the same storage', async () => {
    const { tracker, storage, clock, stored } = bench();
    const { id } = await stored();
    const other = trackerOver(storage, clock.now, { name: 'other' });
    expect(await other.load(id!)).toMatchObject({ status: 'rejected', reason: 'wrong-session' });
    expect(tracker.storedOwnerOf('u1')).not.toBe(other.storedOwnerOf('u1'));
  });

  it.each([
    '',
    '{}',
    'loyw3v28.0.user:',
    'loyw3v28.0.user:.',
    'loyw3v28.0.user:{}',
    'loyw3v28.0.user:a.{',
    'loyw3v28.0.user:a.[]',
    '\0',
  ])('takes the stored text %j for no session, and never throws', async (value) => {
    const { tracker, storage } = bench();
    await storage.memory.write(hashSessionId('id'), { value, expiresAt: NEVER });
    expect(await tracker.load('id')).toMatchObject({ status: 'rejected', reason: 'undecodable' });
  });

  it('never throws, whatever is stored', async () => {
    const { tracker, storage } = bench();
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.string().map((rest) => `loyw3v28.0.user:0~a.${rest}`),
    );
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        await storage.memory.write(hashSessionId('id'), { value, expiresAt: NEVER });
        expect(['loaded', 'rejected']).toContain((await tracker.load('id')).status);
      }),
    );
  });

  it('takes a session whose owner cannot be read for undecodable', async () => {
    const { storage, clock, stored } = bench();
    const { id } = await stored({ odd: { toString: 1 } });
    const strict = trackerOver(storage, clock.now, { ownerOf: (value) => String(value['odd']) });
    expect(await strict.load(id!)).toMatchObject({ status: 'rejected', reason: 'undecodable' });
  });

  it('rejects when the storage fails instead of reporting no session', async () => {
    const { tracker, storage, stored } = bench();
    const { id } = await stored();
    storage.let('read', fails);
    await expect(tracker.load(id!)).rejects.toThrow('the storage is down');
  });
});

describe('create', () => {
  it('stores the session under the hash of a new id, with its owner and expiry', async () => {
    const { tracker, storage } = bench();
    const value = Object.assign(new User(), { userId: 'u1' });
    const result = await tracker.store({ value, call });
    expect(result).toMatchObject({
      status: 'created',
      session: { value, createdAt: START, renewedAt: START, owner: 'u1' },
    });
    const id = idOf(result);
    expect(id).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const stored = await storage.memory.read(hashSessionId(id));
    expect(stored).toMatchObject({ expiresAt: START + 7 * DAY, owner: 'user:u1', version: sessionOf(result).version });
    expect(JSON.stringify(stored)).not.toContain(id);
    expect(storage.calls).toEqual(['create', 'touch']);
  });

  it('gives each session another id', async () => {
    const { tracker } = bench();
    const ids = await Promise.all(
      Array.from({ length: 100 }, () => tracker.store({ value: new User(), call }).then(idOf)),
    );
    expect(new Set(ids).size).toBe(100);
  });

  it('takes ids from a provider of your own, which sees the request', async () => {
    const seen: unknown[] = [];
    const sessionIdProvider = (from: unknown) => `id-of-22-characters-or-more-${seen.push(from)}`;
    const { tracker, loaded } = bench({ sessionIdProvider });
    expect(idOf(await tracker.store({ value: new User(), call }))).toBe('id-of-22-characters-or-more-1');
    expect(seen).toEqual([call]);
    expect(await loaded('id-of-22-characters-or-more-1')).toBeInstanceOf(User);
  });

  it.each(['', 'x'.repeat(21), `${'x'.repeat(22)}\u0000`, 'x'.repeat(513), 5, undefined, null])(
    'refuses the id %p of such a provider, and keeps nothing',
    async (id) => {
      const { tracker, storage } = bench({ sessionIdProvider: () => id as string });
      await expect(tracker.store({ value: new User(), call })).rejects.toThrow(
        'A session id must be a text of 22 to 512 characters.',
      );
      expect(storage.memory.size).toBe(0);
    },
  );

  it('fails where the content cannot be written, before anything is stored', async () => {
    const { tracker, storage } = bench();
    const value = Object.assign(new User(), { callback: () => {} });
    await expect(tracker.store({ value, call })).rejects.toThrow(SessionUnserializableError);
    expect(storage.calls).toEqual([]);
  });
});

describe('an unchanged session', () => {
  it('is neither written nor sent', async () => {
    const { tracker, storage, stored } = bench();
    const previous = await stored({ items: [1] });
    previous.value['items'] = [1];
    expect(await tracker.store({ value: previous.value, previous, call })).toEqual({
      status: 'unchanged',
      session: previous,
    });
    expect(storage.calls).toEqual(['read']);
  });

  it('is sent again where that is demanded', async () => {
    const { tracker, storage, stored } = bench();
    const previous = await stored();
    const result = await tracker.store({ value: previous.value, previous, call, force: true });
    expect(result).toEqual({ status: 'renewed', session: previous, transportValue: previous.id });
    expect(storage.calls).toEqual(['read']);
  });
});

describe('renewal', () => {
  it('moves only the expiry, when a renewal is due', async () => {
    const { tracker, storage, clock, stored, loaded } = bench();
    const previous = await stored();
    clock.advance(DAY);
    expect(tracker.isRenewalDue(previous)).toBe(true);
    const result = await tracker.store({ value: previous.value, previous, call });
    expect(result).toMatchObject({
      status: 'renewed',
      transportValue: previous.id,
      session: { renewedAt: START + DAY },
    });
    expect(storage.calls).toEqual(['read', 'touch']);
    const again = sessionOf(await tracker.load(previous.id!));
    expect(again).toMatchObject({ createdAt: START, renewedAt: START + DAY, version: previous.version });
    expect(tracker.isRenewalDue(again)).toBe(false);
    clock.advance(7 * DAY - 1);
    expect(await loaded(previous.id)).toBeInstanceOf(User);
    clock.advance(1);
    expect(await loaded(previous.id)).toBe('unknown-id');
  });

  it('writes the session again in a storage without touch', async () => {
    const { tracker, storage, clock, stored } = bench({ touch: false });
    const previous = await stored();
    clock.advance(DAY);
    const result = await tracker.store({ value: previous.value, previous, call });
    expect(result).toMatchObject({
      status: 'renewed',
      transportValue: previous.id,
      session: { renewedAt: START + DAY },
    });
    expect(storage.calls).toEqual(['read', 'replace']);
    expect(sessionOf(result).version).not.toBe(previous.version);
    expect(sessionOf(await tracker.load(previous.id!))).toMatchObject({ createdAt: START, renewedAt: START + DAY });
  });

  it.each([true, false])('never undoes what another request did meanwhile (touch: %s)', async (touch) => {
    for (const other of ['ends', 'changes', 'rotates'] as const) {
      const { tracker, clock, stored, loaded, elsewhere } = bench({ touch });
      const previous = await stored();
      clock.advance(DAY);
      if (other === 'ends') await tracker.clear(sessionOf(await tracker.load(previous.id!)));
      else await elsewhere(previous.id, (value) => value.visits++, other === 'rotates');
      const result = await tracker.store({ value: previous.value, previous, call });
      expect(result).toEqual({ status: 'unchanged', session: previous });
      const expected = { ends: 'unknown-id', changes: { visits: 1 }, rotates: 'rotated' }[other];
      expect(await loaded(previous.id)).toEqual(
        typeof expected === 'string' ? expected : expect.objectContaining(expected),
      );
    }
  });

  it('cannot outlive the absolute timeout', async () => {
    const { tracker, clock, stored, loaded } = bench({ lifetime: minutes(60, 90) });
    const previous = await stored();
    clock.advance(50 * 60_000);
    await tracker.store({ value: previous.value, previous, call });
    clock.advance(40 * 60_000 - 1);
    expect(await loaded(previous.id)).toBeInstanceOf(User);
    clock.advance(1);
    expect(await loaded(previous.id)).toBe('unknown-id');
  });
});

describe('timeouts that changed after a session was stored', () => {
  async function storedWith(idle: number, absolute: number, use: readonly number[] = []) {
    const under = bench({ lifetime: minutes(idle, absolute) });
    const { id } = await under.stored();
    for (const pause of use) {
      under.clock.advance(pause * 60_000);
      const previous = sessionOf(await under.tracker.load(id!));
      await under.tracker.store({ value: previous.value, previous, call });
    }
    const reasonWith = async (newIdle: number, newAbsolute: number): Promise<string> => {
      const tracker = trackerOver(under.storage, under.clock.now, { lifetime: minutes(newIdle, newAbsolute) });
      const result = await tracker.load(id!);
      return result.status === 'loaded' ? 'alive' : result.reason;
    };
    return { ...under, reasonWith };
  }

  it('hold for it at once, at every moment of what was promised before', async () => {
    const { clock, reasonWith } = await storedWith(600, 0);
    for (let minute = 0; minute < 600; minute += 10) {
      expect([minute, await reasonWith(60, 0)]).toEqual([minute, minute < 60 ? 'alive' : 'expired-idle']);
      clock.advance(600_000);
    }
  });

  it('count from the last use, also where only the end was moved', async () => {
    const { clock, reasonWith } = await storedWith(600, 0, [300, 300]);
    clock.advance(59 * 60_000);
    expect(await reasonWith(60, 0)).toBe('alive');
    clock.advance(60_000);
    expect(await reasonWith(60, 0)).toBe('expired-idle');
    clock.advance(500 * 60_000);
    expect(await reasonWith(60, 0)).toBe('expired-idle');
  });

  it('do not make it younger where it knew no idle timeout', async () => {
    const { clock, reasonWith } = await storedWith(0, 600);
    clock.advance(59 * 60_000);
    expect(await reasonWith(60, 600)).toBe('alive');
    clock.advance(535 * 60_000);
    expect(await reasonWith(60, 600)).toBe('expired-idle');
  });

  it('may be longer: it lives as long as its record', async () => {
    const { clock, reasonWith } = await storedWith(60, 0, [50]);
    clock.advance(59 * 60_000);
    expect(await reasonWith(600, 0)).toBe('alive');
    clock.advance(60_000);
    expect(await reasonWith(600, 0)).toBe('unknown-id');
  });

  it('end it by the new absolute timeout, however busy it is', async () => {
    const { reasonWith } = await storedWith(600, 0, [300, 300, 300]);
    expect(await reasonWith(600, 900)).toBe('expired-absolute');
    expect(await reasonWith(600, 901)).toBe('alive');
  });
});

describe('change', () => {
  it('replaces the version that was read, and nothing else', async () => {
    const { tracker, storage, clock, stored, loaded } = bench();
    const previous = await stored({ userId: 'u1' });
    clock.advance(1000);
    previous.value.visits = 5;
    const result = await tracker.store({ value: previous.value, previous, call });
    expect(result).toMatchObject({ status: 'changed', transportValue: previous.id, conflicts: [] });
    expect(sessionOf(result)).toMatchObject({
      createdAt: START,
      renewedAt: START,
      owner: 'u1',
      id: previous.id,
    });
    expect(storage.calls).toEqual(['read', 'replace']);
    expect(await loaded(previous.id)).toMatchObject({ visits: 5 });
    expect(sessionOf(result).version).toBe(sessionOf(await tracker.load(previous.id!)).version);
  });

  it('takes a text that is known already for the text', async () => {
    const { tracker, stored, loaded } = bench();
    const previous = await stored();
    await tracker.store({ value: previous.value, text: '{"visits":9}', previous, call });
    expect(await loaded(previous.id)).toMatchObject({ visits: 9 });
  });

  it('merges what another request stored meanwhile, and updates the instance', async () => {
    const { tracker, storage, stored, elsewhere, loaded } = bench();
    const previous = await stored();
    previous.value['mine'] = 1;
    storage.let(
      'replace',
      isOvertaken(() => elsewhere(previous.id, (value) => (value['theirs'] = 2))),
    );
    const result = await tracker.store({ value: previous.value, previous, call });
    expect(result).toMatchObject({ status: 'changed', conflicts: [] });
    expect(previous.value).toMatchObject({ mine: 1, theirs: 2 });
    expect(await loaded(previous.id)).toMatchObject({ mine: 1, theirs: 2 });
    expect(sessionOf(result).text).toBe(tracker.serialize(previous.value));
  });

  it('names every field that both changed, over all attempts, once', async () => {
    const { tracker, storage, stored, elsewhere, loaded } = bench();
    const previous = await stored();
    Object.assign(previous.value, { a: 'mine', b: 'mine', c: 'mine' });
    const overtaken = (fields: object) =>
      isOvertaken(() => elsewhere(previous.id, (value) => Object.assign(value, fields)));
    storage.let('replace', overtaken({ a: 1 }), (go) => go(), overtaken({ a: 2, b: 2 }));
    expect(await tracker.store({ value: previous.value, previous, call })).toMatchObject({ conflicts: ['a', 'b'] });
    expect(await loaded(previous.id)).toMatchObject({ a: 'mine', b: 'mine', c: 'mine' });
  });

  it('adds up counters', async () => {
    const { tracker, storage, stored, elsewhere, loaded } = bench({ counters: ['visits'] });
    const previous = await stored({ visits: 10 });
    previous.value.visits += 1;
    const overtaken = isOvertaken(() => elsewhere(previous.id, (value) => (value.visits += 5)));
    storage.let('replace', overtaken, (go) => go(), overtaken);
    await tracker.store({ value: previous.value, previous, call });
    expect(await loaded(previous.id)).toMatchObject({ visits: 21 });
    expect(previous.value.visits).toBe(21);
  });

  it('that clashes is rejected by onClash: reject, and the stored value stays', async () => {
    const { tracker, storage, stored, elsewhere, loaded } = bench({ onClash: 'reject' });
    const previous = await stored();
    previous.value.visits = 1;
    storage.let(
      'replace',
      isOvertaken(() => elsewhere(previous.id, (value) => (value.visits = 2))),
    );
    await expect(tracker.store({ value: previous.value, previous, call })).rejects.toThrow(SessionConflictError);
    expect(await loaded(previous.id)).toMatchObject({ visits: 2 });
  });

  it('of a session that was ended meanwhile is dropped', async () => {
    const { tracker, storage, stored, loaded } = bench();
    const previous = await stored();
    previous.value.visits = 1;
    storage.let(
      'replace',
      isOvertaken(() => storage.memory.invalidate(hashSessionId(previous.id!))),
    );
    const result = await tracker.store({ value: previous.value, previous, call });
    expect(result).toEqual({ status: 'gone', reason: 'ended' });
    expect(await loaded(previous.id)).toBe('unknown-id');
    expect(storage.memory.size).toBe(0);
  });

  it('of a session that another request is ending is dropped', async () => {
    const { tracker, storage, stored, loaded } = bench();
    const previous = await stored();
    previous.value.visits = 1;
    let changed: unknown;
    storage.let(
      'invalidate',
      isOvertaken(async () => {
        expect(await loaded(previous.id)).toBe('ended');
        changed = await tracker.store({ value: previous.value, previous, call });
      }),
    );
    await tracker.clear(sessionOf(await tracker.load(previous.id!)));
    expect(changed).toEqual({ status: 'gone', reason: 'ended' });
    expect(await loaded(previous.id)).toBe('unknown-id');
  });

  it('of a session that has a new id meanwhile is dropped, and says so', async () => {
    const { tracker, storage, stored, elsewhere } = bench();
    const previous = await stored();
    previous.value.visits = 1;
    const rotated: Array<StoreResult<User>> = [];
    storage.let(
      'replace',
      isOvertaken(async () => rotated.push(await elsewhere(previous.id, () => {}, true))),
    );
    expect(await tracker.store({ value: previous.value, previous, call })).toEqual({
      status: 'gone',
      reason: 'rotated',
    });
    expect(sessionOf(await tracker.load(idOf(rotated[0]!))).value.visits).toBe(0);
  });

  it('that was sent twice meets itself and counts as landed, once', async () => {
    const { tracker, storage, stored, loaded } = bench({ counters: ['visits'], onClash: 'reject' });
    const previous = await stored();
    previous.value.visits = 1;
    storage.let('replace', isResent);
    const result = await tracker.store({ value: previous.value, previous, call });
    expect(result).toMatchObject({ status: 'changed', conflicts: [] });
    expect(await loaded(previous.id)).toMatchObject({ visits: 1 });
    expect(sessionOf(result).version).toBe(sessionOf(await tracker.load(previous.id!)).version);
  });

  it('that was sent twice counts once, also when another process has written thirty times in between', async () => {
    const { tracker, storage, stored, elsewhere, loaded } = bench({ counters: ['visits'] });
    const previous = await stored();
    previous.value.visits += 1;
    storage.let('replace', async (call) => {
      await call();
      for (let writes = 0; writes < 30; writes++) await elsewhere(previous.id, (value) => (value.visits += 1));
      return call();
    });
    const result = await tracker.store({ value: previous.value, previous, call });
    expect(result).toMatchObject({ status: 'changed', conflicts: [] });
    expect(previous.value.visits).toBe(31);
    expect(await loaded(previous.id)).toMatchObject({ visits: 31 });
  });

  it('never takes an equal text of another request for its own', async () => {
    const { tracker, storage, stored, elsewhere, loaded } = bench({ counters: ['visits'] });
    const previous = await stored();
    previous.value.visits = 1;
    storage.let(
      'replace',
      isOvertaken(() => elsewhere(previous.id, (value) => (value.visits = 1))),
    );
    await tracker.store({ value: previous.value, previous, call });
    expect(await loaded(previous.id)).toMatchObject({ visits: 2 });
  });

  it('gives up after 12 faster requests of other processes, and loses none of theirs', async () => {
    const { tracker, storage, stored, loaded } = bench();
    const previous = await stored();
    previous.value.visits = -1;
    let attempts = 0;
    const faster = isOvertaken(async () => {
      const stored = await storage.memory.read(hashSessionId(previous.id!));
      await storage.memory.replace(hashSessionId(previous.id!), { ...stored!, value: stored!.value });
      attempts++;
    });
    storage.let('replace', ...Array.from({ length: 300 }, () => faster));
    await expect(tracker.store({ value: previous.value, previous, call })).rejects.toMatchObject({
      code: 'SESSION_STORAGE_UNAVAILABLE',
      detail: 'A session was changed by other processes 12 times while it was being stored. Try again.',
    });
    expect(attempts).toBe(12);
    expect(await loaded(previous.id)).toMatchObject({ visits: 0 });
  });

  it('rejects when the storage fails, and leaves what was stored', async () => {
    const { tracker, storage, stored, loaded } = bench();
    const previous = await stored();
    previous.value.visits = 1;
    storage.let('replace', fails);
    await expect(tracker.store({ value: previous.value, previous, call })).rejects.toThrow('the storage is down');
    expect(await loaded(previous.id)).toMatchObject({ visits: 0 });
  });

  it('writes over a stored text that it cannot read, since nobody can', async () => {
    const { tracker, storage, stored, loaded } = bench();
    const previous = await stored();
    previous.value.visits = 1;
    const storedId = hashSessionId(previous.id!);
    storage.let(
      'replace',
      isOvertaken(() => storage.memory.replace(storedId, { value: 'garbage', expiresAt: NEVER })),
    );
    expect(await tracker.store({ value: previous.value, previous, call })).toMatchObject({ status: 'changed' });
    expect(await loaded(previous.id)).toMatchObject({ visits: 1 });
  });

  it('by a server whose clock is behind ours leaves the session readable', async () => {
    const { storage, clock, stored, loaded } = bench();
    const { id } = await stored();
    const behind = trackerOver(storage, () => clock.now() - 30_000);
    const previous = sessionOf(await behind.load(id!));
    previous.value.visits = 1;
    await behind.store({ value: previous.value, previous, call });
    expect(await loaded(id)).toMatchObject({ visits: 1 });
  });
});

describe('update', () => {
  it('applies the change to what is stored, and again whenever another request was faster', async () => {
    const { tracker, storage, stored, elsewhere, loaded } = bench();
    const previous = await stored({ visits: 10 });
    const seen: number[] = [];
    const revise = (value: User): void => {
      seen.push(value.visits);
      value.visits += 1;
    };
    const overtaken = isOvertaken(() => elsewhere(previous.id, (value) => (value.visits += 100)));
    storage.let('replace', overtaken, (go) => go(), overtaken);
    const result = await tracker.store({ value: previous.value, previous, call, force: true, revise });
    expect(result).toMatchObject({ status: 'changed', conflicts: [] });
    expect(seen).toEqual([10, 110, 210]);
    expect(await loaded(previous.id)).toMatchObject({ visits: 211 });
    expect(previous.value.visits).toBe(211);
  });

  it('keeps what the request had changed before', async () => {
    const { tracker, storage, stored, elsewhere, loaded } = bench();
    const previous = await stored();
    previous.value['before'] = 'mine';
    storage.let(
      'replace',
      isOvertaken(() => elsewhere(previous.id, (value) => (value.visits = 5))),
    );
    await tracker.store({ value: previous.value, previous, call, force: true, revise: (value) => void value.visits++ });
    expect(await loaded(previous.id)).toMatchObject({ visits: 6, before: 'mine' });
  });

  it('asks the storage even where it changes nothing, since that may have been decided on an old value', async () => {
    const { tracker, storage, stored, elsewhere, loaded } = bench();
    const previous = await stored({ tokens: 1 });
    let taken = 0;
    const revise = (value: User): void => {
      taken = 0;
      if (value['tokens'] === 0) return;
      value['tokens'] = 0;
      taken = 1;
    };
    storage.let(
      'replace',
      isOvertaken(() => elsewhere(previous.id, (value) => (value['tokens'] = 0))),
    );
    await tracker.store({ value: previous.value, previous, call, force: true, revise });
    expect(taken).toBe(0);
    expect(await loaded(previous.id)).toMatchObject({ tokens: 0 });
  });

  it('gives a new id when the owner changes, in the first run or in a later one', async () => {
    for (const late of [false, true]) {
      const { tracker, storage, stored, elsewhere, loaded } = bench();
      const previous = await stored({ invited: !late });
      const revise = (value: User): void => {
        if (value['invited']) value.userId = 'u1';
      };
      if (late)
        storage.let(
          'replace',
          isOvertaken(() => elsewhere(previous.id, (value) => (value['invited'] = true))),
        );
      const result = await tracker.store({ value: previous.value, previous, call, force: true, revise });
      expect(result.status).toBe('rotated');
      expect(idOf(result)).not.toBe(previous.id);
      expect(await loaded(previous.id)).toBe('rotated');
      expect(sessionOf(await tracker.load(idOf(result)))).toMatchObject({ owner: 'u1', value: { userId: 'u1' } });
      const owned = await storage.memory.owners.list('user:u1');
      expect(owned.map(({ id }) => id)).toEqual([hashSessionId(idOf(result))]);
    }
  });

  it('applies the change again also while the session gets a new id', async () => {
    const { tracker, storage, stored, elsewhere } = bench();
    const previous = await stored();
    const revise = (value: User): void => {
      value.userId = 'u1';
      value.visits += 1;
    };
    storage.let(
      'replace',
      isOvertaken(() => elsewhere(previous.id, (value) => (value.visits += 1))),
    );
    const result = await tracker.store({ value: previous.value, previous, call, force: true, revise });
    expect(sessionOf(await tracker.load(idOf(result))).value).toMatchObject({ userId: 'u1', visits: 2 });
  });

  it('begins a session where there is none', async () => {
    const { tracker, loaded } = bench();
    const value = new User();
    const result = await tracker.store({ value, call, force: true, revise: (present) => void present.visits++ });
    expect(await loaded(idOf(result))).toMatchObject({ visits: 1 });
  });
});

describe('rotation', () => {
  it('moves the session to a new id with the same age, and leaves a tombstone under the old one', async () => {
    const { tracker, storage, clock, stored, loaded } = bench();
    const previous = await stored({ userId: 'u1', visits: 3 });
    clock.advance(1000);
    const result = await tracker.store({ value: previous.value, previous, call, rotate: true });
    expect(result).toMatchObject({ status: 'rotated', conflicts: [] });
    expect(storage.calls).toEqual(['read', 'create', 'replace', 'touch']);
    expect(idOf(result)).not.toBe(previous.id);
    expect(sessionOf(await tracker.load(idOf(result)))).toMatchObject({
      value: { visits: 3 },
      createdAt: START,
      renewedAt: START + 1000,
    });
    expect(await loaded(previous.id)).toBe('rotated');
    clock.advance(60_000);
    expect(await loaded(previous.id)).toBe('unknown-id');
  });

  it.each([
    ['login', undefined, 'u1'],
    ['logout', 'u1', undefined],
    ['a switch of user', 'u1', 'u2'],
  ])('happens automatically with %s, and restarts the absolute timeout', async (_, before, after) => {
    const { tracker, clock, stored, storage } = bench();
    const previous = await stored({ userId: before, visits: 1 } as never);
    clock.advance(DAY);
    previous.value.userId = after as never;
    const result = await tracker.store({ value: previous.value, previous, call });
    expect(result.status).toBe('rotated');
    const session = sessionOf(await tracker.load(idOf(result)));
    expect(session).toMatchObject({ createdAt: START + DAY, value: { visits: 1 } });
    expect(session.owner).toBe(after);
    for (const owner of ['u1', 'u2']) {
      const listed = await storage.memory.owners.list(`user:${owner}`);
      expect(listed.filter(({ session }) => tracker.peek(session))).toHaveLength(owner === after ? 1 : 0);
    }
  });

  it('keeps the id of the new session out of the storage', async () => {
    const { tracker, storage, stored } = bench();
    const previous = await stored();
    const result = await tracker.store({ value: previous.value, previous, call, rotate: true });
    const mark = await storage.memory.read(hashSessionId(previous.id!));
    expect(mark!.value).toContain(`${ROTATED}.${hashSessionId(idOf(result))}.`);
    expect(mark!.value).not.toContain(idOf(result));
    expect(tracker.open(mark!)).toBeUndefined();
    expect(tracker.peek(mark!)).toBeUndefined();
  });

  it('leaves the mark to the owner of the session, as every record of the id', async () => {
    const { tracker, storage, stored } = bench();
    const previous = await stored({ userId: 'u1' });
    previous.value.userId = 'u2';
    const rotated = sessionOf(await tracker.store({ value: previous.value, previous, call }));
    await tracker.clear(rotated);
    await tracker.clearById(idOf(await tracker.store({ value: new User(), call })));
    expect(storage.replacements.map(({ value, owner }) => [value.slice(0, 6), owner])).toEqual([
      ['~rotat', 'user:u1'],
      ['~ended', 'user:u2'],
      ['~ended', undefined],
    ]);
  });

  it('adds what another request stored under the old id, names clashes, and leaves one session', async () => {
    const { tracker, storage, stored, elsewhere, live } = bench();
    const previous = await stored();
    Object.assign(previous.value, { userId: 'u1', a: 'mine' });
    storage.let(
      'replace',
      isOvertaken(() => elsewhere(previous.id, (value) => Object.assign(value, { a: 1, b: 2 }))),
    );
    const result = await tracker.store({ value: previous.value, previous, call });
    expect(result).toMatchObject({ status: 'rotated', conflicts: ['a'] });
    expect(sessionOf(await tracker.load(idOf(result))).value).toMatchObject({ userId: 'u1', a: 'mine', b: 2 });
    expect(previous.value).toMatchObject({ userId: 'u1', a: 'mine', b: 2 });
    expect(await live([previous.id, idOf(result)])).toBe(1);
    expect(storage.memory.size).toBe(2);
  });

  it('of a session that was ended meanwhile stores nothing', async () => {
    const { tracker, storage, stored } = bench();
    const previous = await stored();
    storage.let(
      'replace',
      isOvertaken(() => storage.memory.invalidate(hashSessionId(previous.id!))),
    );
    const result = await tracker.store({ value: previous.value, previous, call, rotate: true });
    expect(result).toEqual({ status: 'gone', reason: 'ended' });
    expect(storage.memory.size).toBe(0);
  });

  it('that meets another one yields to it', async () => {
    const { tracker, storage, stored, elsewhere, live } = bench();
    const previous = await stored();
    const first: Array<StoreResult<User>> = [];
    storage.let(
      'replace',
      isOvertaken(async () => first.push(await elsewhere(previous.id, () => {}, true))),
    );
    const result = await tracker.store({ value: previous.value, previous, call, rotate: true });
    expect(result).toEqual({ status: 'gone', reason: 'rotated' });
    expect(await live([previous.id, idOf(first[0]!)])).toBe(1);
    expect(storage.memory.size).toBe(2);
  });

  it.each<[string, Verb, Scene[]]>([
    ['before the new one is written', 'create', [fails]],
    ['while the answer to that is under way', 'create', [isLost]],
    ['before the old one is retired', 'replace', [fails]],
    ['while the answer to that is under way', 'replace', [isLost]],
    ['before the new one is confirmed', 'touch', [fails, fails]],
    ['while the answers to that are under way', 'touch', [isLost, isLost]],
  ])('that fails %s leaves the session as it was, and no second one', async (_, verb, scenes) => {
    const { tracker, storage, clock, stored, loaded } = bench();
    const previous = await stored({ visits: 3 });
    previous.value.userId = 'u1';
    storage.let(verb, ...scenes);
    await expect(tracker.store({ value: previous.value, previous, call })).rejects.toThrow(/storage|lost/);
    expect(await loaded(previous.id)).toMatchObject({ visits: 3, userId: undefined });
    expect((await storage.memory.owners.list('user:u1')).filter(({ session }) => tracker.peek(session))).toEqual([]);
    clock.advance(DAY);
    expect(await loaded(previous.id)).toMatchObject({ visits: 3 });
  });

  it('is confirmed at the second try where the first one got no answer', async () => {
    const { tracker, storage, clock, stored, loaded } = bench();
    const previous = await stored();
    storage.let('touch', fails);
    const result = await tracker.store({ value: previous.value, previous, call, rotate: true });
    clock.advance(DAY);
    expect(await loaded(idOf(result))).toBeInstanceOf(User);
  });

  it('whose process dies before it is confirmed is undone half a minute later', async () => {
    const { tracker, storage, clock, stored, loaded } = bench();
    const previous = await stored({ visits: 3 });
    previous.value.userId = 'u1';
    storage.let('touch', () => new Promise(() => {}));
    void tracker.store({ value: previous.value, previous, call });
    await new Promise(setImmediate);
    expect(await loaded(previous.id)).toBe('rotated');
    clock.advance(30_000);
    expect(await storage.memory.owners.list('user:u1')).toEqual([]);
    expect(await loaded(previous.id)).toMatchObject({ visits: 3, userId: undefined });
    clock.advance(DAY);
    expect(await loaded(previous.id)).toMatchObject({ visits: 3 });
  });

  it('that fails while the storage is down is undone as soon as that takes it', async () => {
    const { tracker, storage, stored, loaded } = bench();
    const previous = await stored({ visits: 3 });
    previous.value.userId = 'u1';
    storage.let('touch', isLost, fails);
    storage.let('replace', (call) => call(), fails, fails);
    await expect(tracker.store({ value: previous.value, previous, call })).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await loaded(previous.id)).toMatchObject({ visits: 3, userId: undefined });
    expect(await storage.memory.owners.list('user:u1')).not.toContainEqual(
      expect.objectContaining({ session: expect.objectContaining({ value: expect.stringContaining('u1') }) }),
    );
  });

  it('whose old id is retired after the deadline is undone by the next request', async () => {
    const { tracker, storage, stored, loaded } = bench();
    const previous = await stored({ visits: 3 });
    let retire!: () => Promise<unknown>;
    storage.let('replace', (call) => {
      retire = call;
      return Promise.reject(new Error('the storage did not answer in time'));
    });
    await expect(tracker.store({ value: previous.value, previous, call, rotate: true })).rejects.toThrow('in time');
    await retire();
    expect(await loaded(previous.id)).toMatchObject({ visits: 3 });
  });

  it('is not undone by the end of the new session: the old id stays dead', async () => {
    const { tracker, storage, stored, loaded } = bench();
    for (const end of ['clear', 'revoke'] as const) {
      const previous = await stored({ userId: 'u1' });
      previous.value.userId = 'u2';
      const rotated = sessionOf(await tracker.store({ value: previous.value, previous, call }));
      if (end === 'clear') await tracker.clear(rotated);
      else await tracker.clearByOwner('u2');
      expect(await loaded(previous.id)).toBe('rotated');
      expect(await loaded(rotated.id)).toBe('unknown-id');
    }
    expect((await storage.memory.owners.list('user:u1')).filter(({ session }) => tracker.peek(session))).toEqual([]);
  });

  it('that clashes under onClash: reject keeps the stored value and makes no second session', async () => {
    const { tracker, storage, stored, elsewhere, loaded } = bench({ onClash: 'reject' });
    const previous = await stored();
    previous.value.visits = 1;
    storage.let(
      'replace',
      isOvertaken(() => elsewhere(previous.id, (value) => (value.visits = 2))),
    );
    await expect(tracker.store({ value: previous.value, previous, call, rotate: true })).rejects.toThrow(
      SessionConflictError,
    );
    expect(await loaded(previous.id)).toMatchObject({ visits: 2 });
    expect(storage.memory.size).toBe(1);
  });

  it('whose retiring was sent twice meets itself and counts as landed', async () => {
    const { tracker, storage, stored, live } = bench();
    const previous = await stored();
    storage.let('replace', isResent);
    const result = await tracker.store({ value: previous.value, previous, call, rotate: true });
    expect(result.status).toBe('rotated');
    expect(await live([previous.id, idOf(result)])).toBe(1);
  });

  it('gives up after 12 faster requests of other processes, and leaves theirs alone', async () => {
    const { tracker, storage, stored, loaded } = bench();
    const previous = await stored();
    const storedId = hashSessionId(previous.id!);
    const faster = isOvertaken(async () => storage.memory.replace(storedId, (await storage.memory.read(storedId))!));
    storage.let('replace', ...Array.from({ length: 256 }, () => faster));
    await expect(tracker.store({ value: previous.value, previous, call, rotate: true })).rejects.toMatchObject({
      detail: expect.stringContaining('12 times'),
    });
    expect(await loaded(previous.id)).toBeInstanceOf(User);
    expect(storage.memory.size).toBe(1);
  });

  it('refuses a provider that gives the same id again, and keeps the session', async () => {
    const { tracker, stored, loaded } = bench({ sessionIdProvider: () => 'always-the-same-22-characters' });
    const previous = await stored();
    await expect(tracker.store({ value: previous.value, previous, call, rotate: true })).rejects.toThrow(SessionError);
    expect(await loaded('always-the-same-22-characters')).toBeInstanceOf(User);
  });
});

describe('clear', () => {
  it('ends the session', async () => {
    const { tracker, storage, stored, loaded } = bench();
    const session = await stored();
    await tracker.clear(session);
    expect(await loaded(session.id)).toBe('unknown-id');
    expect(storage.memory.size).toBe(0);
    await tracker.clear(session);
  });

  it('ends nothing where there is nothing', async () => {
    const { tracker, storage, stored } = bench();
    const { id: _, ...withoutId } = await stored();
    await tracker.clear(withoutId);
    expect(storage.memory.size).toBe(1);
  });

  it('ends what has been changed since', async () => {
    const { tracker, stored, elsewhere, loaded } = bench();
    const session = await stored();
    await elsewhere(session.id, (value) => value.visits++);
    await tracker.clear(session);
    expect(await loaded(session.id)).toBe('unknown-id');
  });

  it('ends a session that got a new id meanwhile, by the old or the new id', async () => {
    for (const how of ['clear', 'clearById'] as const) {
      const { tracker, storage, stored, elsewhere, loaded } = bench();
      const session = await stored();
      const second = idOf(await elsewhere(session.id, () => {}, true));
      const third = idOf(await elsewhere(second, () => {}, true));
      await (how === 'clear' ? tracker.clear(session) : tracker.clearById(session.id!));
      expect(await loaded(third)).toBe('unknown-id');
      expect(storage.memory.size).toBe(0);
    }
  });

  it.each<Verb>(['replace', 'invalidate'])(
    'ends a session that gets a new id right before the call would %s',
    async (verb) => {
      const { tracker, storage, stored, loaded } = bench();
      const session = await stored();
      const parallel = sessionOf(await tracker.load(session.id!));
      let rotated: StoreResult<User> | undefined;
      const rotation = async (): Promise<void> => {
        rotated = await tracker.store({ value: parallel.value, previous: parallel, call, rotate: true });
      };
      storage.let(verb, isOvertaken(rotation));
      await tracker.clear(session);
      if (verb === 'replace') expect(await loaded(idOf(rotated!))).toBe('unknown-id');
      else expect(rotated).toEqual({ status: 'gone', reason: 'ended' });
      expect(storage.memory.size).toBe(0);
    },
  );

  it('is not led round in circles by the marks', async () => {
    const { tracker, storage } = bench();
    const storedId = hashSessionId('id');
    await storage.memory.write(storedId, { value: `${ROTATED}.${storedId}`, expiresAt: NEVER });
    await tracker.clearById('id');
    expect(storage.memory.size).toBe(0);
    expect(storage.calls.length).toBeLessThan(50);
  });

  it('rejects when the storage fails to invalidate', async () => {
    const { tracker, storage, stored } = bench();
    const session = await stored();
    storage.let('invalidate', fails);
    await expect(tracker.clear(session)).rejects.toThrow('the storage is down');
  });

  it('ends the session where the storage refuses to write but can delete (promise 2)', async () => {
    const { tracker, storage, stored, loaded } = bench();
    const session = await stored();
    storage.let('replace', fails, fails, fails);
    await tracker.clear(session);
    expect(await loaded(session.id)).toBe('unknown-id');
  });

  it('ends the new id too, where the mark fails twice and the session has got a new id meanwhile (promise 1)', async () => {
    const { tracker, storage, stored, elsewhere, loaded } = bench();
    const session = await stored();
    let second: string | undefined;
    const isRotatedAndFails: Scene = async () => {
      second = idOf(await elsewhere(session.id, () => {}, true));
      throw new Error('the storage is down');
    };
    // The rotation reads and replaces as well.
    storage.let('replace', isRotatedAndFails);
    storage.pass('read').let('read', fails);
    await tracker.clear(session);
    expect([await loaded(session.id), await loaded(second)]).toEqual(['unknown-id', 'unknown-id']);
  });

  it('keeps former ids from bringing the session back, where it was deleted without a tombstone (promise 1)', async () => {
    const { tracker, storage, stored, elsewhere, loaded } = bench();
    const session = await stored({ userId: 'u1' });
    const second = idOf(await elsewhere(session.id, () => {}, true));
    const third = idOf(await elsewhere(second, () => {}, true));
    storage.let('replace', fails, fails);
    // As a storage that is full: what is created later finds no tombstone.
    storage.let('invalidate', async <T>(call: () => Promise<T>) => {
      const ended = await call();
      await storage.memory.write(hashSessionId(third), { value: '', expiresAt: 0 });
      return ended;
    });
    await tracker.clearById(third);
    const ids = [session.id, second, third];
    expect(await Promise.all(ids.map((id) => loaded(id)))).toEqual(['unknown-id', 'unknown-id', 'unknown-id']);
  });

  it('rejects where nobody can tell whether the session has a new id, and ends the id that is known', async () => {
    const { tracker, storage, stored, loaded } = bench();
    const session = await stored();
    storage.let('replace', fails);
    storage.let('read', fails, fails);
    await expect(tracker.clear(session)).rejects.toThrow('the storage is down');
    expect(await loaded(session.id)).toBe('unknown-id');
  });

  it('ends a session that got a new id, lost it again and got another one meanwhile (promise 1)', async () => {
    const { tracker, storage, stored, elsewhere, loaded } = bench();
    const session = await stored();
    let [undo, last]: [() => void, string | undefined] = [() => {}, undefined];
    const undone = new Promise<void>((resolve) => (undo = resolve));
    const rotationFails = () =>
      expect(elsewhere(session.id, () => {}, true)).rejects.toThrow('the connection was lost');
    const isRestoredAndRotated = async (): Promise<void> => {
      undo();
      await nextTurn();
      last = idOf(await elsewhere(session.id, () => {}, true));
    };
    storage.let('replace', isOvertaken(rotationFails), isLost, waitsFor(undone), isOvertaken(isRestoredAndRotated));
    await tracker.clear(session);
    expect([await loaded(session.id), await loaded(last)]).toEqual(['unknown-id', 'unknown-id']);
  });

  it('of a new session counts when its login fails: the id from before does not come back', async () => {
    const { tracker, storage, stored, loaded } = bench({ explainInSeconds: 60 });
    const session = await stored();
    const isEndedAndFails: Scene = async () => {
      const [pending] = await tracker.listByOwner(tracker.storedOwnerOf('u1'));
      await tracker.clearByHandle(pending!.id);
      throw new Error('the storage is down');
    };
    storage.let('touch', isEndedAndFails, fails);
    const value = Object.assign(session.value, { userId: 'u1' });
    await expect(tracker.store({ value, previous: session, call })).rejects.toThrow('the storage is down');
    await nextTurn();
    expect(await loaded(session.id)).toBe('rotated');
  });

  it('of an owner counts sessions, not the records of ids that were given up', async () => {
    const { tracker, stored, elsewhere } = bench();
    const first = await stored({ userId: 'u1' });
    await elsewhere(first.id, () => {}, true);
    const kept = await stored({ userId: 'u1' });
    expect(await tracker.clearByOwner('u1', kept.id)).toBe(1);
    expect(await tracker.clearByOwner('u1')).toBe(1);
  });
});

describe('writers of one session in one process', () => {
  const change = async (tracker: SessionTrackerById<User>, id: string, revise?: (value: User) => void) => {
    const previous = sessionOf(await tracker.load(id));
    if (!revise) previous.value.visits++;
    return tracker.store({ value: previous.value, previous, call, ...(revise ? { revise } : {}) });
  };

  it('share their writes, and lose nothing', async () => {
    const { tracker, storage, stored, loaded } = bench({ counters: ['visits'] });
    const { id } = await stored();
    storage.calls = [];
    const results = await Promise.all(Array.from({ length: 100 }, () => change(tracker, id!)));
    expect(results.every(({ status }) => status === 'changed')).toBe(true);
    expect(await loaded(id)).toMatchObject({ visits: 100 });
    expect(storage.calls.filter((verb) => verb === 'replace').length).toBeLessThan(5);
    const [first] = results;
    expect(sessionOf(first!).text).toBe(tracker.serialize(sessionOf(first!).value));
  });

  it('get their own result of an update, which no other one shares', async () => {
    const { tracker, storage, stored } = bench();
    const { id } = await stored();
    storage.calls = [];
    const add = (value: User): void => void value.visits++;
    const results = await Promise.all(Array.from({ length: 20 }, () => change(tracker, id!, add)));
    const numbers = results.map((result) => sessionOf(result).value.visits).sort((one, other) => one - other);
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(storage.calls.filter((verb) => verb === 'replace')).toHaveLength(20);
  });

  it('fail together where their write fails, and leave the next ones alone', async () => {
    const { tracker, storage, stored, loaded } = bench({ counters: ['visits'] });
    const { id } = await stored();
    storage.pass('replace').let('replace', fails);
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => change(tracker, id!)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await change(tracker, id!);
    expect(await loaded(id)).toMatchObject({ visits: 2 });
  });

  it('do not spoil each other by a clash that is refused', async () => {
    const { tracker, stored, loaded } = bench({ onClash: 'reject' });
    const { id } = await stored();
    const set = async (field: string, value: number) => {
      const previous = sessionOf(await tracker.load(id!));
      previous.value[field] = value;
      return tracker.store({ value: previous.value, previous, call });
    };
    const results = await Promise.allSettled([set('a', 1), set('a', 2), set('b', 3)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await loaded(id)).toMatchObject({ a: 1, b: 3 });
  });

  it('learn that the session is gone while they wait', async () => {
    const { tracker, storage, stored } = bench();
    const { id } = await stored();
    storage.let(
      'replace',
      isOvertaken(() => storage.memory.invalidate(hashSessionId(id!))),
    );
    const results = await Promise.all([change(tracker, id!), change(tracker, id!)]);
    expect(results).toEqual([
      { status: 'gone', reason: 'ended' },
      { status: 'gone', reason: 'ended' },
    ]);
  });
});

describe('clocks', () => {
  it.each([-61_000, 61_000])('that differ by %i ms make a session wait, not end', async (skew) => {
    const { storage, clock, tracker } = bench();
    const wrong = trackerOver(storage, () => clock.now() + skew);
    const [maker, reader] = skew < 0 ? [tracker, wrong] : [wrong, tracker];
    const id = idOf(await maker.store({ value: new User(), call }));
    expect(await reader.load(id)).toMatchObject({ status: 'rejected', reason: 'future', id });
    expect((await maker.load(id)).status).toBe('loaded');
  });
});

describe('sessions of servers whose clock is ahead', () => {
  it('are listed and ended as others, since they can be used there (promise 5)', async () => {
    const { storage, clock, tracker } = bench();
    const ahead = trackerOver(storage, () => clock.now() + 61_000);
    const made = sessionOf(await ahead.store({ value: Object.assign(new User(), { userId: 'u1' }), call }));
    const [listed] = await tracker.listByOwner('user:u1');
    expect(tracker.peek(listed!.session)).toMatchObject({ value: { userId: 'u1' } });
    expect(await tracker.clearByOwner('u1')).toBe(1);
    expect((await ahead.load(made.id!)).status).toBe('rejected');
  });

  it.each([61_000, 3_600_000])('by %i ms and more count for maxPerOwner', async (skew) => {
    const { storage, clock } = bench();
    const maxPerOwner = { limit: 1 };
    const [tracker, ahead] = [0, skew].map((by) => trackerOver(storage, () => clock.now() + by, { maxPerOwner }));
    const login = async (by = tracker!) =>
      idOf(await by.store({ value: Object.assign(new User(), { userId: 'u1' }), call }));
    const first = await login(ahead);
    const second = await login();
    expect((await ahead!.load(first)).status).toBe('rejected');
    expect((await tracker!.load(second)).status).toBe('loaded');
  });
});

it('does not count sessions that a shorter timeout has ended', async () => {
  const { storage, clock, stored, tracker } = bench();
  await stored({ userId: 'u1' });
  clock.advance(HOUR);
  await stored({ userId: 'u1' });
  const shorter = trackerOver(storage, clock.now, { lifetime: minutes(10, 20) });
  expect(await shorter.clearByOwner('u1')).toBe(1);
  expect(await tracker.listByOwner('user:u1')).toEqual([]);
});

it('finds the session of a handle that was rotated, but not of another owner', async () => {
  const { tracker, stored, elsewhere } = bench();
  const [kept, switched] = [await stored({ userId: 'u1' }), await stored({ userId: 'u1' })];
  await elsewhere(kept.id, (value) => (value.visits = 1), true);
  await elsewhere(switched.id, (value) => (value.userId = 'u2'));
  expect(await tracker.peekByHandle(hashSessionId(kept.id!))).toMatchObject({ value: { visits: 1 } });
  expect(await tracker.peekByHandle(hashSessionId(switched.id!))).toBeUndefined();
});

it('does not bring a session back that was given a shorter life with its new id (promise 1)', async () => {
  const { tracker, stored, clock } = bench();
  const previous = await stored({ userId: 'u1' });
  const rotate = { rotate: true, details: { absolute: 5000 } };
  const rotated = await tracker.store({ value: previous.value, previous, call, ...rotate });
  clock.advance(6000);
  expect((await tracker.load(idOf(rotated))).status).toBe('rejected');
  expect((await tracker.load(previous.id!)).status).toBe('rejected');
});

describe('bare mode, for storages that others read', () => {
  const bare = () => bench({ bare: true, storedId: (id) => id });

  it('stores the text alone, under the id itself', async () => {
    const { tracker, storage, stored, clock } = bare();
    const session = await stored({ userId: 'u1', visits: 2 });
    const { value, owner } = (await storage.memory.read(session.id!))!;
    expect(value).toBe(tracker.serialize(session.value));
    expect(owner).toBe('u1');
    clock.advance(DAY);
    expect(sessionOf(await tracker.load(session.id!))).toMatchObject({ createdAt: START, renewedAt: START });
  });

  it('renews, changes, rotates and ends as any, and leaves no id in its marks', async () => {
    const { tracker, storage, stored, clock, loaded } = bare();
    const previous = await stored();
    clock.advance(DAY);
    const renewed = sessionOf(await tracker.store({ value: previous.value, previous, call }));
    expect(renewed.renewedAt).toBe(START + DAY);
    previous.value.visits = 1;
    const changed = sessionOf(await tracker.store({ value: previous.value, previous: renewed, call }));
    const rotated = await tracker.store({ value: previous.value, previous: changed, call, rotate: true });
    expect((await storage.memory.read(previous.id!))!.value).toBe(ROTATED);
    expect(await loaded(previous.id)).toBe('rotated');
    expect(await loaded(idOf(rotated))).toMatchObject({ visits: 1 });
    await tracker.clear(sessionOf(rotated));
    expect(await loaded(idOf(rotated))).toBe('unknown-id');
  });

  it('writes no mark where a session is ended', async () => {
    const { tracker, storage, stored } = bare();
    await tracker.clear(await stored());
    expect(storage.calls).toEqual(['read', 'invalidate']);
  });

  it('never takes the mark of another rotation for its own', async () => {
    const { tracker, storage, stored, elsewhere } = bare();
    const previous = await stored();
    storage.let(
      'replace',
      isOvertaken(() => elsewhere(previous.id, () => {}, true)),
    );
    const result = await tracker.store({ value: previous.value, previous, call, rotate: true });
    expect(result).toEqual({ status: 'gone', reason: 'rotated' });
  });

  it('reads what was written without an end, and counts it as used now', async () => {
    const { tracker, storage } = bare();
    await storage.memory.write('id', { value: '{"visits":4}', expiresAt: NEVER });
    expect(sessionOf(await tracker.load('id'))).toMatchObject({ value: { visits: 4 }, renewedAt: START });
  });
});

describe('a tracker by id', () => {
  it('says what storing would give the client', async () => {
    const { tracker, stored } = bench();
    const session = await stored({ userId: 'u1' });
    expect(tracker.changesTransportValue(session.value, undefined)).toBe(true);
    expect(tracker.changesTransportValue(session.value, session)).toBe(false);
    session.value.userId = 'u2';
    expect(tracker.changesTransportValue(session.value, session)).toBe(true);
    expect(tracker.ownerOf(session.value)).toBe('u2');
  });

  it('names the largest fields, and shows none of them', async () => {
    const { tracker } = bench();
    const value = Object.assign(new User(), { big: 'x'.repeat(100), small: 'y', ü: 'ü'.repeat(10) });
    expect(tracker.fieldSizes(value).slice(0, 3)).toEqual([
      { name: 'big', size: 102 },
      { name: 'ü', size: 22 },
      { name: 'small', size: 3 },
    ]);
    for (let index = 0; index < 10; index++) value[`f${index}`] = index;
    expect(tracker.fieldSizes(value)).toHaveLength(5);
  });

  it('knows no field of a serializer without fields', () => {
    const serializer: SessionSerializer<User> = { serialize: () => 'x', deserialize: () => new User() };
    const tracker = trackerOver(bench().storage, Date.now, { merge: new SessionMerge('user', serializer, 'mine') });
    expect(tracker.fieldSizes(new User())).toEqual([{ name: 'visits', size: 1 }]);
  });

  it('takes only instances of its class', () => {
    const { tracker } = bench();
    expect(() => tracker.validate(new (class extends User {})())).not.toThrow();
    for (const value of [{}, null, undefined, 'x', new (class User {})()]) {
      expect(() => tracker.validate(value)).toThrow('expected to be of type class User');
    }
  });

  it('peeks at what lists show, and not at what has ended', async () => {
    const { tracker, storage, clock, stored } = bench({ lifetime: minutes(60, 90) });
    const { id } = await stored({ userId: 'u1' });
    const record = (await storage.memory.read(tracker.handleOf(id!)))!;
    expect(tracker.peek(record)).toEqual({ createdAt: START, renewedAt: START, value: expect.any(User) });
    expect(tracker.peek({ ...record, value: `${record.value}}` })).toBeUndefined();
    expect(tracker.peek({ ...record, value: '~ended' })).toBeUndefined();
    clock.advance(60 * 60_000);
    expect(tracker.peek(record)).toBeUndefined();
  });

  it('shows neither ids nor content', async () => {
    const { tracker, stored } = bench();
    const { id } = await stored({ note: 'top secret' });
    const shown = inspect(tracker, { depth: 9, showHidden: false }) + JSON.stringify(tracker) + String(tracker);
    expect(shown).toContain('SessionTrackerById: ScriptedStorage');
    expect(shown).not.toContain('top secret');
    expect(shown).not.toContain(id);
  });

  it('stores with the defaults where only the name is said', async () => {
    const { storage } = bench();
    const serializer = new SessionSerializerReflection(User);
    const tracker = new SessionTrackerById(User, serializer, storage, {
      name: 'user',
      merge: new SessionMerge('user', serializer, 'mine'),
      now: () => START,
    });
    const result = await tracker.store({ value: Object.assign(new User(), { userId: 'u1' }), call });
    expect(sessionOf(result).owner).toBeUndefined();
    expect((await storage.memory.read(hashSessionId(idOf(result))))!.expiresAt).toBe(START + 7 * DAY);
  });
});
