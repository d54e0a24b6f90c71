import { SessionLifetime } from '../../../src/tracker/session-lifetime.js';
import { isOvertaken } from './scripted-storage.js';
import { bench, call, idOf, sessionOf } from './tracker-bench.js';

const rotation = { graceInSeconds: 59, rotateEveryInSeconds: 0, onReplay: 'ignore' } as const;

describe('a request with an id from before a rotation', () => {
  it.each([true, false])('renews the session and never gets its own id again (touch: %s)', async (touch) => {
    const lifetime = new SessionLifetime({ idleTimeoutInSeconds: 60 });
    const { tracker, clock, stored } = bench({ touch, rotation, lifetime });
    const previous = await stored({ userId: 'u1' });
    const rotated = await tracker.store({ value: previous.value, previous, call, rotate: true });
    clock.advance(40_000);
    const byOldId = sessionOf(await tracker.load(previous.id!));
    const renewed = sessionOf(await tracker.store({ value: byOldId.value, previous: byOldId, call }));
    expect(renewed.byOldId).toBeDefined();
    clock.advance(40_000);
    expect(sessionOf(await tracker.load(idOf(rotated))).owner).toBe('u1');
  });
});

describe('a rotation that is not confirmed yet', () => {
  it.each([0, 50_000])('is known as such if the clock of the storage is %i milliseconds ahead', async (ahead) => {
    const { tracker, storage, stored } = bench({ touch: true, rotation });
    const previous = await stored({ userId: 'u1' });
    const isPending = async () => sessionOf(await tracker.load(previous.id!)).byOldId!.isPending;
    const create = storage.create.bind(storage);
    storage.create = (id, session) => create(id, { ...session, expiresAt: session.expiresAt + ahead });
    let before: boolean | undefined;
    storage.let(
      'touch',
      isOvertaken(async () => (before = await isPending())),
    );
    await tracker.store({ value: previous.value, previous, call, rotate: true });
    expect(before).toBe(true);
    expect(await isPending()).toBe(false);
  });
});

describe('the grace period', () => {
  it.each([0, 10])('adds no call to a rotation, nor to a request with the present id: %i seconds', async (seconds) => {
    const { tracker, storage, stored } = bench({ touch: true, rotation: { ...rotation, graceInSeconds: seconds } });
    const previous = await stored({ userId: 'u1' });
    storage.calls = [];
    const rotated = await tracker.store({ value: previous.value, previous, call, rotate: true });
    expect(storage.calls).toEqual(['create', 'replace', 'touch']);
    storage.calls = [];
    await tracker.load(idOf(rotated));
    expect(storage.calls).toEqual(['read']);
  });
});
