import { EMPTY_CALL as call } from '../../src/call/session-call.js';
import { jest } from '@jest/globals';
import { SessionSerializerReflection } from '../../src/serializer/session-serializer-reflection.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { SessionMerge } from '../../src/tracker/session-merge.js';
import { SessionTrackerById } from '../../src/tracker/session-tracker-by-id.js';
import { storageOpeners, type OpenedStorage } from '../support/storages.js';
import { until } from '../support/until.js';

// Busy machines are slow.
jest.setTimeout(30_000);

class User {
  userId?: string;
}

describe.each(Object.entries(storageOpeners))('the mark of an ended session, in %s', (_, open) => {
  let opened: OpenedStorage;
  let users = 0;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.close());

  function bench() {
    const clock = new FakeClock(Date.now());
    const serializer = new SessionSerializerReflection(User);
    const userId = `u${users++}`;
    const tracker = new SessionTrackerById(User, serializer, opened.storage, {
      name: 'user',
      merge: new SessionMerge('user', serializer, 'mine', []),
      ownerOf: (user) => user.userId,
      now: clock.now,
      explainInSeconds: 86_400,
      maxPerOwner: { limit: 2 },
    });
    const login = async (): Promise<string> => {
      const stored = await tracker.store({ value: Object.assign(new User(), { userId }), call });
      return 'session' in stored ? stored.session.id! : '';
    };
    const reasonOf = async (id: string): Promise<string> => {
      const loaded = await tracker.load(id);
      return loaded.status === 'loaded' ? 'alive' : loaded.reason;
    };
    const recordOf = async (id: string) => (await opened.storage.read(tracker.handleOf(id)))?.value;
    return { tracker, clock, login, reasonOf, recordOf, userId };
  }

  it('reports hours later that its client, the owner or a newer login ended it', async () => {
    const { tracker, clock, login, recordOf, reasonOf, userId } = bench();
    const first = await login();
    await tracker.clearById(first);
    const second = await login();
    clock.advance(1000);
    const others = [await login(), await login()];
    // The login ends the evicted session in the background.
    await until(async () => (await recordOf(second)) === '~ended.evicted');
    expect(await tracker.clearByOwner(userId)).toBe(2);
    clock.advance(3 * 3_600_000);
    expect(await reasonOf(first)).toBe('ended');
    expect(await reasonOf(second)).toBe('evicted');
    expect(await Promise.all(others.map(reasonOf))).toEqual(['revoked', 'revoked']);
  });

  it('contains no data of the session, and is not listed for its owner', async () => {
    const { tracker, login, reasonOf, recordOf, userId } = bench();
    const ended = [await login(), await login()];
    await tracker.clearByOwner(userId);
    expect(await recordOf(ended[0]!)).toBe('~ended.revoked');
    const present = [await login(), await login()];
    expect(await Promise.all(present.map(reasonOf))).toEqual(['alive', 'alive']);
    expect(await tracker.clearByOwner(userId, present[0])).toBe(1);
    expect(await Promise.all(present.map(reasonOf))).toEqual(['alive', 'revoked']);
  });

  it('is not overwritten by a slow request', async () => {
    const { tracker, login, reasonOf } = bench();
    const id = await login();
    const loaded = await tracker.load(id);
    const previous = loaded.status === 'loaded' ? loaded.session : undefined;
    await tracker.clearById(id);
    const result = await tracker.store({
      value: Object.assign(new User(), { userId: previous!.owner }),
      previous,
      call,
      force: true,
      rotate: true,
    });
    expect(result).toEqual({ status: 'gone', reason: 'ended' });
    expect(await reasonOf(id)).toBe('ended');
  });
});
