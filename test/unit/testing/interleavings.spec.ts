import { SessionStorageMemory } from '../../../src/memory/session-storage-memory.js';
import type { SessionStorage } from '../../../src/storage/session-storage.js';
import { exploreInterleavings } from '../../../src/testing/interleavings/explore-interleavings.js';
import { exploreSessionRequests, requestsOf } from '../../../src/testing/interleavings/explore-session-requests.js';
import { referenceSessionAlgorithm } from '../../../src/testing/interleavings/reference-session-algorithm.js';
import type {
  RequestKind,
  SessionAlgorithm,
  SessionAnswer,
  SessionRequest,
} from '../../../src/testing/interleavings/session-algorithm.js';

const open = () => ({ storage: new SessionStorageMemory() });
const expiresAt = Date.now() + 600_000;

describe('exploreInterleavings', () => {
  const steps = (count: number) => async (storage: SessionStorage) => {
    for (let step = 0; step < count; step++) await storage.invalidate('a');
  };

  it.each([
    [[1, 1], 2],
    [[2, 2], 6],
    [[3, 2], 10],
    [[2, 2, 2], 90],
    [[0, 3], 1],
  ])('runs requests of %j steps in %i orders, each once', async (counts, expected) => {
    const seen: string[] = [];
    const explored = await exploreInterleavings({
      open,
      prepare: async () => undefined,
      requests: counts.map(steps),
      check: ({ order }) => void seen.push(order.join()),
    });
    const each = counts.reduce((sum, count) => sum + count, 0);
    expect(explored).toEqual({ orders: expected, steps: expected * each });
    expect(new Set(seen).size).toBe(expected);
  });

  it('opens and closes a storage per order, without the steps of the preparation', async () => {
    let [opened, closed] = [0, 0];
    const { orders } = await exploreInterleavings({
      open: () => {
        opened++;
        return { storage: new SessionStorageMemory(), close: () => void closed++ };
      },
      prepare: async (storage) => {
        expect(await storage.read('a')).toBeUndefined();
        await storage.write('a', { value: 'v', expiresAt });
        return 'a';
      },
      requests: [
        async (storage, id) => (await storage.read(id)) !== undefined,
        async (storage, id) => (await storage.invalidate(id)) === true,
      ],
      check: async ({ storage, results, order, context }) => {
        expect(await storage.read(context)).toBeUndefined();
        const [read] = results;
        const found = read!.status === 'fulfilled' && read!.value;
        expect(found).toBe(order[0] === '0 read');
        expect(order).toHaveLength(2);
      },
    });
    expect([orders, opened, closed]).toEqual([2, 2, 2]);
  });

  it('returns a failed request as a result and continues', async () => {
    const failing = async (storage: SessionStorage) => {
      await storage.read('a');
      throw new Error('of the request');
    };
    let failed = 0;
    const explored = await exploreInterleavings({
      open,
      prepare: async () => undefined,
      requests: [failing, steps(1)],
      check: ({ results }) => void (failed += results.filter(({ status }) => status === 'rejected').length),
    });
    expect([explored.orders, failed]).toEqual([2, 2]);
  });

  it('reports the order of a failed check, and closes the storage', async () => {
    let closed = 0;
    const exploring = exploreInterleavings({
      open: () => ({ storage: new SessionStorageMemory(), close: () => void closed++ }),
      prepare: async () => undefined,
      requests: [steps(1), async (storage) => void (await storage.invalidate('a'))],
      check: ({ order }) => {
        if (order[0] === '1 invalidate') throw new Error('wrong');
      },
    });
    await expect(exploring).rejects.toThrow('wrong\nin the order: 1 invalidate, 0 invalidate');
    expect(closed).toBe(2);
  });

  it('detects deadlocks and too many orders', async () => {
    const exploration = { open, prepare: async () => undefined, check: () => {} };
    const waiting = () => new Promise<void>(() => {});
    await expect(exploreInterleavings({ ...exploration, requests: [steps(1), waiting] })).rejects.toThrow(
      'Deadlock of requests after: 0 invalidate',
    );
    await expect(
      exploreInterleavings({ ...exploration, requests: [steps(5), steps(5)], maxOrders: 100 }),
    ).rejects.toThrow('more than 100 orders');
  });

  it('runs two consecutive reads in one order only', async () => {
    const read = async (storage: SessionStorage) => void (await storage.read('a'));
    const seen: string[] = [];
    const { orders } = await exploreInterleavings({
      open,
      prepare: async () => undefined,
      requests: [read, read, async (storage) => void (await storage.invalidate('a'))],
      check: ({ order }) => void seen.push(order.map((step) => step.slice(2)).join()),
    });
    expect([orders, [...new Set(seen)].sort()]).toEqual([
      4,
      ['invalidate,read,read', 'read,invalidate,read', 'read,read,invalidate'],
    ]);
  });

  describe('with faults', () => {
    const write = (id: string) => async (storage: SessionStorage) =>
      void (await storage.write(id, { value: id, expiresAt }));
    const faults = { count: 1 };
    const exploring = (ids: readonly string[], more: object = {}) => {
      const seen: string[] = [];
      const exploration = exploreInterleavings({
        open,
        prepare: async () => undefined,
        requests: ids.map(write),
        check: ({ order }) => void seen.push(order.join()),
        faults,
        ...more,
      });
      return exploration.then(({ orders }) => ({ orders, seen }));
    };

    it('runs calls of different sessions in one order, and calls of one session in all orders', async () => {
      const outcomes = { count: 1, outcomes: ['lost'] } as const;
      expect((await exploring(['a', 'b'], { faults: outcomes })).seen.sort()).toEqual([
        '0 write,1 write',
        '0 write,1 write (lost)',
        '1 write,0 write (lost)',
      ]);
      expect((await exploring(['a', 'a'], { faults: outcomes })).orders).toBe(6);
    });

    it('runs a call that fails without effect in one order only', async () => {
      const outcomes = { count: 1, outcomes: ['refused'] } as const;
      const { seen } = await exploring(['a', 'a'], { faults: outcomes });
      expect(seen.filter((order) => order.includes('refused')).sort()).toEqual([
        '0 write,1 write (refused)',
        '1 write,0 write (refused)',
      ]);
    });

    it('runs the number of orders of a sample, the same for the same seed', async () => {
      const sample = { orders: 40 };
      const ids = ['a', 'b', 'a', 'b'];
      const { orders, seen } = await exploring(ids, { sample });
      expect(orders).toBe(40);
      expect((await exploring(ids, { sample })).seen).toEqual(seen);
      expect((await exploring(ids, { sample: { ...sample, seed: 2 } })).seen).not.toEqual(seen);
      const outcomes = new Set(seen.flatMap((order) => order.match(/\(\w+\)/g) ?? []));
      expect([...outcomes].sort()).toEqual(['(death)', '(late)', '(lost)', '(refused)', '(twice)']);
    });
  });

  it.each(['one', 'several'] as const)('puts a wrapper between storage and requests: %s', async (processes) => {
    let made = 0;
    const { orders } = await exploreInterleavings({
      open,
      processes,
      through: (storage) => (
        made++,
        { ...storage, invalidate: async (id) => (await storage.invalidate(id), storage.invalidate(id)) }
      ),
      prepare: async () => undefined,
      requests: [steps(1), steps(1)],
      check: ({ order }) => expect(order).toHaveLength(4),
    });
    expect(orders).toBe(6);
    expect(made).toBe(processes === 'one' ? 6 : 18);
  });
});

describe('requestsOf', () => {
  it('returns every multiset once', () => {
    expect(requestsOf(['read', 'change'], 2)).toEqual([
      ['read', 'read'],
      ['read', 'change'],
      ['change', 'change'],
    ]);
    expect(requestsOf(['read', 'change', 'touch', 'logout', 'rotate', 'login', 'revoke'], 3)).toHaveLength(84);
  });
});

type Perform = (storage: SessionStorage, request: SessionRequest) => Promise<SessionAnswer>;

/** The reference algorithm, but for one kind of request. */
function flawed(kind: RequestKind, perform: Perform): SessionAlgorithm {
  return {
    ...referenceSessionAlgorithm,
    perform: (storage, request) =>
      request.kind === kind ? perform(storage, request) : referenceSessionAlgorithm.perform(storage, request),
  };
}

const found = async (storage: SessionStorage, { cookie }: SessionRequest) => {
  const session = await storage.read(cookie);
  return session?.value.startsWith('{') ? session : undefined;
};
const nothing: SessionAnswer = { acknowledged: false, cookie: null };

describe('exploreSessionRequests', () => {
  it.each<[string, RequestKind[], SessionAlgorithm, string]>([
    [
      'a change that overwrites',
      ['change', 'change'],
      flawed('change', async (storage, request) => {
        const session = await found(storage, request);
        if (!session) return nothing;
        const value = JSON.stringify({ ...(JSON.parse(session.value) as object), [request.field]: request.value });
        await storage.replace!(request.cookie, { ...session, value });
        return { acknowledged: true };
      }),
      'an acknowledged update is lost',
    ],
    [
      'a change that writes what it did not find any more',
      ['change', 'logout'],
      flawed('change', async (storage, request) => {
        const session = await found(storage, request);
        if (!session) return nothing;
        await storage.write(request.cookie, session);
        return { acknowledged: true };
      }),
      'an ended session exists again',
    ],
    [
      'a touch that writes',
      ['touch', 'revoke'],
      flawed('touch', async (storage, request) => {
        const session = await found(storage, request);
        if (!session) return nothing;
        await storage.write(request.cookie, session);
        return { acknowledged: true };
      }),
      'a session that its owner ended exists again',
    ],
    [
      'a change that gives up and says nothing of it',
      ['change', 'touch', 'change'],
      flawed('change', async (storage, request) => {
        const session = await found(storage, request);
        if (!session) return nothing;
        const value = JSON.stringify({ [request.field]: request.value });
        await storage.replace!(request.cookie, { ...session, value }, session.version);
        return { acknowledged: true };
      }),
      'an acknowledged update is lost',
    ],
    [
      'a logout that ends the id and not the session',
      ['logout', 'rotate'],
      flawed('logout', async (storage, request) => {
        await storage.invalidate(request.cookie);
        return { acknowledged: true, cookie: null };
      }),
      'an ended session exists under another id',
    ],
    [
      'a rotation that does not look whether the old session ended',
      ['rotate', 'logout'],
      flawed('rotate', async (storage, request) => {
        const session = await found(storage, request);
        if (!session) return nothing;
        const cookie = `${request.cookie} rotated`;
        await storage.write(cookie, session);
        await storage.invalidate(request.cookie);
        return { acknowledged: true, cookie };
      }),
      'an ended session exists under another id',
    ],
    [
      'a rotation that leaves the old session',
      ['rotate', 'read'],
      flawed('rotate', async (storage, request) => {
        const session = await found(storage, request);
        if (!session) return nothing;
        const cookie = `${request.cookie} rotated`;
        await storage.write(cookie, session);
        return { acknowledged: true, cookie };
      }),
      'one session has become two',
    ],
    [
      'a rotation that does not say where it went',
      ['rotate', 'read'],
      flawed('rotate', async (storage, request) => {
        const { cookie: _kept, ...answer } = await referenceSessionAlgorithm.perform(storage, request);
        return answer;
      }),
      'a session is gone that was not ended',
    ],
    [
      'rotations that both win',
      ['rotate', 'rotate'],
      flawed('rotate', async (storage, request) => {
        const session = await found(storage, request);
        if (!session) return nothing;
        const cookie = `${request.cookie} ${request.value}`;
        await storage.write(cookie, session);
        await storage.invalidate(request.cookie);
        return { acknowledged: true, cookie };
      }),
      'two rotations of one session were acknowledged',
    ],
    [
      'a read that clears the cookie of a live session',
      ['read', 'touch'],
      flawed('read', async () => nothing),
      'the cookie of a live session was cleared',
    ],
  ])('catches %s', async (_name, requests, algorithm, problem) => {
    await expect(exploreSessionRequests({ open, requests, algorithm })).rejects.toThrow(problem);
  });

  it('accepts an end of the id alone with promise end-of-id', async () => {
    const algorithm = flawed('logout', async (storage, request) => {
      await storage.invalidate(request.cookie);
      return { acknowledged: true, cookie: null };
    });
    const requests: RequestKind[] = ['logout', 'rotate'];
    const { orders } = await exploreSessionRequests({ open, requests, algorithm, promise: 'end-of-id' });
    expect(orders).toBeGreaterThan(3);
  });

  it('accepts overwritten updates, but no undone end, with promise end-only', async () => {
    const through = (storage: SessionStorage): SessionStorage => ({
      ...storage,
      replace: async (id, session) => {
        const current = await storage.read(id);
        if (!current) return { status: 'gone' };
        await storage.write(id, session);
        return { status: 'replaced' };
      },
    });
    const options = { open, through, requests: ['change', 'change'] as const };
    await expect(exploreSessionRequests(options)).rejects.toThrow('is lost');
    await exploreSessionRequests({ ...options, promise: 'end-only' });
    await expect(
      exploreSessionRequests({ ...options, requests: ['change', 'revoke'], promise: 'end-only' }),
    ).rejects.toThrow('exists again');
  });

  it('throws the error of a request', async () => {
    const algorithm = flawed('read', async () => {
      throw new Error('of the algorithm');
    });
    await expect(exploreSessionRequests({ open, requests: ['read', 'touch'], algorithm })).rejects.toThrow(
      'of the algorithm',
    );
  });
});
