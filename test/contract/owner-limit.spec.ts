import { EMPTY_CALL as call } from '../../src/call/session-call.js';
import { jest } from '@jest/globals';
import { SessionLimitError } from '../../src/errors/session.errors.js';
import { SessionSerializerReflection } from '../../src/serializer/session-serializer-reflection.js';
import type { MaxPerOwner } from '../../src/tracker/owner-limit.js';
import { hashSessionId } from '../../src/tracker/session-id-provider.js';
import { SessionMerge } from '../../src/tracker/session-merge.js';
import { SessionTrackerById } from '../../src/tracker/session-tracker-by-id.js';
import { storageOpeners, type OpenedStorage } from '../support/storages.js';
import { until } from '../support/until.js';

// Busy machines are slow.
jest.setTimeout(30_000);

class User {
  userId?: string;
}

describe.each(Object.entries(storageOpeners))('a limit of sessions per owner, in %s', (_, open) => {
  let opened: OpenedStorage;
  let owner = 0;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.close());

  function limited(maxPerOwner: MaxPerOwner) {
    const serializer = new SessionSerializerReflection(User);
    const userId = `u${owner++}`;
    const tracker = new SessionTrackerById(User, serializer, opened.storage, {
      name: 'user',
      merge: new SessionMerge('user', serializer, 'mine', []),
      ownerOf: (user) => user.userId,
      maxPerOwner,
    });
    return {
      login: async (): Promise<string> => {
        const result = await tracker.store({ value: Object.assign(new User(), { userId }), call });
        return 'transportValue' in result ? result.transportValue : '';
      },
      statusOf: async (id: string) => (await tracker.load(id)).status,
      listed: async () => (await opened.storage.owners!.list(tracker.storedOwnerOf(userId))).length,
    };
  }

  it('ends the oldest session', async () => {
    const { login, statusOf, listed } = limited({ limit: 2 });
    const ids = [await login(), await login(), await login(), await login()];
    expect(await Promise.all(ids.map(statusOf))).toEqual(['rejected', 'rejected', 'loaded', 'loaded']);
    // The login ends them in the background.
    await until(async () => (await listed()) === 2);
  });

  it('leaves exactly the limit of sessions after parallel logins', async () => {
    const { login, statusOf, listed } = limited({ limit: 3 });
    const ids = await Promise.all(Array.from({ length: 8 }, login));
    expect((await Promise.all(ids.map(statusOf))).filter((status) => status === 'loaded')).toHaveLength(3);
    await until(async () => (await listed()) === 3);
  });

  it('rejects a login beyond the limit if configured, and stores nothing of it', async () => {
    const { login, statusOf, listed } = limited({ limit: 2, beyond: 'refuse' });
    const ids = [await login(), await login()];
    const refusal: unknown = await login().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(SessionLimitError);
    const { sessions } = refusal as SessionLimitError;
    expect(sessions.map(({ handle }) => handle).sort()).toEqual(ids.map(hashSessionId).sort());
    expect(await Promise.all(ids.map(statusOf))).toEqual(['loaded', 'loaded']);
    expect(await listed()).toBe(2);
  });

  it('never exceeds the limit with parallel logins, if configured to reject', async () => {
    const { login, listed } = limited({ limit: 2, beyond: 'refuse' });
    const results = await Promise.allSettled(Array.from({ length: 8 }, login));
    const admitted = results.filter(({ status }) => status === 'fulfilled').length;
    expect(admitted).toBeLessThanOrEqual(2);
    expect(await listed()).toBe(admitted);
  });
});
