import { jest } from '@jest/globals';
import { SessionError, SessionStorageUnavailableError } from '../../../src/errors/session.errors.js';
import { SessionStorageMemory } from '../../../src/memory/session-storage-memory.js';
import { SessionStorageResilient } from '../../../src/storage/session-storage-resilient.js';
import type { SessionStorage, StoredSession } from '../../../src/storage/session-storage.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

type Answer = 'hang' | 'fail' | 'answer';

class Backend implements SessionStorage {
  calls = 0;
  mood: Answer = 'answer';
  readonly hanging: Array<{ resolve: () => void; reject: (error: Error) => void }> = [];

  async read(): Promise<StoredSession | undefined> {
    return this.#answer(undefined);
  }
  async write(): Promise<void> {
    return this.#answer(undefined);
  }
  async invalidate(): Promise<void> {
    return this.#answer(undefined);
  }
  async ping(): Promise<void> {
    return this.#answer(undefined);
  }

  #answer<T>(value: T): Promise<T> {
    this.calls++;
    if (this.mood === 'fail') return Promise.reject(new Error('connection refused'));
    if (this.mood === 'answer') return Promise.resolve(value);
    return new Promise<T>((resolve, reject) => this.hanging.push({ resolve: () => resolve(value), reject }));
  }
}

function resilient(
  options: ConstructorParameters<typeof SessionStorageResilient>[1] = {},
  nodeOf?: NonNullable<SessionStorage['nodeOf']>,
) {
  const backend = Object.assign(new Backend(), nodeOf && { nodeOf });
  const clock = new FakeClock(0);
  const states: string[] = [];
  const storage = new SessionStorageResilient(backend, {
    now: clock.now,
    startTimer: clock.startTimer,
    random: () => 0,
    onStateChange: (state) => states.push(state),
    ...options,
  });
  return { backend, clock, storage, states };
}

const flush = () => new Promise<void>((resolve) => setImmediate(resolve));

async function failed(promise: Promise<unknown>): Promise<SessionStorageUnavailableError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SessionStorageUnavailableError);
  return error as SessionStorageUnavailableError;
}

async function failTimes(storage: SessionStorage, times: number): Promise<void> {
  for (let i = 0; i < times; i++) await failed(storage.read('a'));
}

/** Five failures of reads, over half a second: opens the circuit breaker. */
async function failLongEnough(storage: SessionStorage, clock: FakeClock): Promise<void> {
  await failTimes(storage, 4);
  clock.advance(500);
  await failTimes(storage, 1);
}

describe('SessionStorageResilient', () => {
  it('passes calls and results through unchanged', async () => {
    const memory = new SessionStorageMemory();
    const storage = new SessionStorageResilient(memory);
    const session = { value: 'v', expiresAt: Date.now() + 10_000, owner: 'u' };
    const version = await storage.write('a', session);
    expect(await storage.read('a')).toEqual({ ...session, version });
    expect(await storage.replace!('a', { ...session, value: 'w' }, 'other')).toMatchObject({ status: 'conflict' });
    expect(await storage.touch!('a', session.expiresAt + 1, 'other')).toBe(false);
    expect(await storage.owners!.list('u')).toHaveLength(1);
    expect(await storage.owners!.invalidateAll('u', 'a')).toBe(0);
    expect(await storage.invalidate('a')).toBe(true);
    expect(await storage.sweep!(5)).toBe(0);
    await storage.ping!();
    await storage.close!();
  });

  it('has the capabilities of the wrapped storage and no others', () => {
    const all = new SessionStorageResilient(new SessionStorageMemory());
    expect(Object.keys(all).sort()).toEqual([
      'close',
      'create',
      'owners',
      'ping',
      'replace',
      'sweep',
      'touch',
      'watchEvictions',
    ]);
    const verbs = { read: async () => undefined, write: async () => {}, invalidate: async () => {} };
    expect(Object.keys(new SessionStorageResilient(verbs))).toEqual([]);
  });

  it('rejects a hanging call, and no other', async () => {
    const { backend, clock, storage } = resilient();
    backend.mood = 'hang';
    const first = failed(storage.read('a'));
    clock.advance(600);
    const second = storage.read('b');
    await flush();
    clock.advance(400);
    expect(await first).toMatchObject({
      code: 'SESSION_STORAGE_UNAVAILABLE',
      statusCode: 503,
      message: 'Not available at the moment. Try again later.',
      detail: expect.stringContaining('1000 ms'),
    });
    backend.hanging[1]!.resolve();
    expect(await second).toBeUndefined();
  });

  it('rejects each call at its own deadline', async () => {
    const { backend, clock, storage } = resilient();
    backend.mood = 'hang';
    let given = 0;
    const calls = [0, 1, 2].map(() => {
      clock.advance(300);
      return failed(storage.read('a')).finally(() => given++);
    });
    for (const expected of [0, 1, 2, 3]) {
      clock.advance(expected === 0 ? 399 : expected === 1 ? 1 : 300);
      await flush();
      expect(given).toBe(expected);
    }
    await Promise.all(calls);
  });

  it('counts a timed-out call once, even if it fails later', async () => {
    const { backend, clock, storage, states } = resilient();
    backend.mood = 'hang';
    const calls = [1, 2, 3].map(() => failed(storage.read('a')));
    clock.advance(1000);
    await Promise.all(calls);
    for (const call of backend.hanging) call.reject(new Error('late'));
    await flush();
    expect(states).toEqual([]);
    backend.mood = 'fail';
    await failTimes(storage, 1);
    expect(states).toEqual([]);
    await failTimes(storage, 1);
    expect(states).toEqual(['down']);
  });

  it('retries a failed read once, but not a write', async () => {
    const { backend, storage } = resilient();
    const read = jest.spyOn(backend, 'read').mockRejectedValueOnce(new Error('ECONNRESET'));
    expect(await storage.read('a')).toBeUndefined();
    expect(read).toHaveBeenCalledTimes(2);
    const write = jest.spyOn(backend, 'write').mockRejectedValueOnce(new Error('ECONNRESET'));
    await failed(storage.write('a', { value: '', expiresAt: 0 }));
    expect(write).toHaveBeenCalledTimes(1);
  });

  it('uses real time by default', async () => {
    const backend = new Backend();
    backend.mood = 'hang';
    await failed(new SessionStorageResilient(backend, { timeoutInMilliseconds: 5 }).read('a'));
  });

  it('ignores late results and errors', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', listener);
    const { backend, clock, storage, states } = resilient();
    backend.mood = 'hang';
    const calls = [failed(storage.read('a')), failed(storage.write('a', { value: '', expiresAt: 0 }))];
    await flush();
    clock.advance(1000);
    await Promise.all(calls);
    backend.hanging[0]!.reject(new Error('late'));
    backend.hanging[1]!.resolve();
    await flush();
    await flush();
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
    expect(states).toEqual([]);
  });

  it('wraps every failure in SessionStorageUnavailableError with its cause', async () => {
    const { backend, storage } = resilient();
    backend.mood = 'fail';
    const error = await failed(storage.invalidate('a'));
    expect((error.cause as Error).message).toBe('connection refused');
    expect(error.message).not.toContain('connection refused');
  });

  it('turns a synchronous error into a rejection', async () => {
    const broken: SessionStorage = Object.assign(new SessionStorageMemory(), {
      read() {
        throw new TypeError('broken');
      },
    });
    expect((await failed(new SessionStorageResilient(broken).read('a'))).cause).toBeInstanceOf(TypeError);
  });

  it('passes errors of this library and does not count them', async () => {
    const tooLarge = new SessionError('SESSION_TOO_LARGE', 'too large');
    const storage = new SessionStorageResilient(
      Object.assign(new SessionStorageMemory(), { read: () => Promise.reject(tooLarge) }),
      {
        onStateChange: () => expect('a change of state').toBe('none'),
      },
    );
    for (let i = 0; i < 7; i++) await expect(storage.read('a')).rejects.toBe(tooLarge);
  });

  describe('its circuit breaker', () => {
    it('opens after five failures and half a second without success, and then rejects immediately', async () => {
      const { backend, clock, storage, states } = resilient();
      backend.mood = 'fail';
      await failTimes(storage, 4);
      clock.advance(500);
      expect(states).toEqual([]);
      await failTimes(storage, 1);
      expect(states).toEqual(['down']);
      const { calls } = backend;
      const error = await failed(storage.read('a'));
      expect(error.retryAfterInSeconds).toBe(1);
      expect(backend.calls).toBe(calls);
    });

    it('does not open after one event that fails many calls', async () => {
      const { backend, clock, storage, states } = resilient();
      backend.mood = 'fail';
      await Promise.all(Array.from({ length: 50 }, () => failed(storage.read('a'))));
      clock.advance(499);
      await failTimes(storage, 5);
      backend.mood = 'answer';
      await storage.read('a');
      expect(states).toEqual([]);
    });

    it.each([
      ['a TypeError of the client', new TypeError('argument')],
      ['a text that is too long for PostgreSQL', Object.assign(new Error('row too big'), { code: '54000' })],
      ['a byte that PostgreSQL cannot keep', Object.assign(new Error('bytes'), { code: '22021' })],
      ['data that is too long for MySQL', Object.assign(new Error('long'), { errno: 1406, code: 'ER_DATA_TOO_LONG' })],
      ['a constraint of SQLite', Object.assign(new Error('c'), { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' })],
      ['a wrong argument of Redis', new Error('ERR wrong number of arguments')],
    ])('never opens after %s', async (_what, error) => {
      const { backend, clock, storage, states } = resilient();
      jest.spyOn(backend, 'read').mockRejectedValue(error);
      for (let call = 0; call < 20; call++) {
        expect((await failed(storage.read('a'))).cause).toBe(error);
        clock.advance(500);
      }
      expect(states).toEqual([]);
    });

    it.each([
      ['Redis is full', new Error("OOM command not allowed when used memory > 'maxmemory'.")],
      ['the disk is full', Object.assign(new Error('full'), { code: 'ENOSPC' })],
      ['the database is read-only', Object.assign(new Error('ro'), { code: '25006' })],
    ])('rejects only writes if %s', async (_what, error) => {
      const { backend, clock, storage, states } = resilient();
      jest.spyOn(backend, 'write').mockRejectedValue(error);
      for (let call = 0; call < 10; call++) {
        await failed(storage.write('a', { value: '', expiresAt: 0 }));
        clock.advance(200);
      }
      expect(states).toEqual(['down']);
      expect(await storage.read('a')).toBeUndefined();
      expect(await storage.invalidate('a')).toBeUndefined();
      expect(states).toEqual(['down']);
    });

    it('opens for one node of a cluster only, even without calls of other nodes', async () => {
      const { backend, clock, storage, states } = resilient({}, (id) => id);
      backend.mood = 'fail';
      await failLongEnough(storage, clock);
      const session = { value: '', expiresAt: 0 };
      for (let call = 0; call < 5; call++) {
        await failed(storage.write('a', session));
        await failed(storage.invalidate('a'));
        clock.advance(150);
      }
      backend.mood = 'answer';
      const { calls } = backend;
      for (const call of [() => storage.read('a'), () => storage.write('a', session), () => storage.invalidate('a')]) {
        await failed(call());
      }
      expect(backend.calls).toBe(calls);
      expect(await storage.read('b')).toBeUndefined();
      await storage.write('b', session);
      await storage.invalidate('b');
      expect(states).toEqual(['down']);
    });

    it('reports recovery when the failed node has left the cluster', async () => {
      const { backend, clock, storage, states } = resilient({}, (id) => id);
      backend.mood = 'fail';
      await failLongEnough(storage, clock);
      await failed(storage.read('b'));
      backend.mood = 'answer';
      await storage.read('b');
      expect(states).toEqual(['down']);
      clock.advance(30_000);
      await storage.read('b');
      expect(states).toEqual(['down', 'up']);
    });

    it('does not open if calls succeed in between', async () => {
      const { backend, storage, states } = resilient();
      for (let round = 0; round < 3; round++) {
        backend.mood = 'fail';
        await failTimes(storage, 4);
        backend.mood = 'answer';
        await storage.read('a');
      }
      expect(states).toEqual([]);
    });

    it('counts concurrent timeouts', async () => {
      const { backend, clock, storage } = resilient();
      backend.mood = 'hang';
      const calls = Array.from({ length: 5 }, () => failed(storage.read('a')));
      clock.advance(1000);
      await Promise.all(calls);
      await failed(storage.read('a'));
      expect(backend.calls).toBe(5);
    });

    it('sends one probe after the pause, and closes if it succeeds', async () => {
      const { backend, clock, storage, states } = resilient();
      backend.mood = 'fail';
      await failLongEnough(storage, clock);
      const { calls } = backend;
      clock.advance(999);
      await failed(storage.read('a'));
      expect(backend.calls).toBe(calls);
      clock.advance(1);
      backend.mood = 'hang';
      const probe = storage.read('a');
      await failed(storage.read('b'));
      expect(backend.calls).toBe(calls + 1);
      backend.hanging[0]!.resolve();
      await probe;
      expect(states).toEqual(['down', 'up']);
      backend.mood = 'answer';
      await storage.read('a');
    });

    it('doubles the pause after each failed probe, up to 15 seconds', async () => {
      const { backend, clock, storage, states } = resilient();
      backend.mood = 'fail';
      await failLongEnough(storage, clock);
      const pauses: number[] = [];
      for (let probe = 0; probe < 6; probe++) {
        const calls = backend.calls;
        let waited = 0;
        while (backend.calls === calls) {
          clock.advance(500);
          waited += 500;
          await failed(storage.read('a'));
        }
        pauses.push(waited);
      }
      expect(pauses).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000]);
      expect(states).toEqual(['down']);
    });

    it('sends another probe after a hanging one', async () => {
      const { backend, clock, storage } = resilient();
      backend.mood = 'fail';
      await failLongEnough(storage, clock);
      clock.advance(1000);
      backend.mood = 'hang';
      const probe = failed(storage.read('a'));
      clock.advance(1000);
      await probe;
      clock.advance(2000);
      backend.mood = 'answer';
      await storage.read('a');
    });

    it('shortens its pauses randomly', async () => {
      const { backend, clock, storage } = resilient({ random: () => 1 });
      backend.mood = 'fail';
      await failLongEnough(storage, clock);
      const { calls } = backend;
      clock.advance(750);
      await failed(storage.read('a'));
      expect(backend.calls).toBeGreaterThan(calls);
    });

    it('always sends a ping', async () => {
      const { backend, clock, storage } = resilient();
      backend.mood = 'fail';
      await failLongEnough(storage, clock);
      await failed(storage.ping!());
      backend.mood = 'answer';
      await storage.ping!();
    });
  });

  it('allows operations on many sessions ten times as long', async () => {
    const { backend, clock } = resilient();
    const hangs = () => new Promise<never>(() => {});
    const storage = new SessionStorageResilient(
      Object.assign(backend, { owners: { list: hangs, invalidateAll: hangs }, close: hangs }),
      { now: clock.now, startTimer: clock.startTimer },
    );
    const calls = [storage.owners!.list('u'), storage.owners!.invalidateAll('u'), storage.close!()];
    let settled = 0;
    const outcomes = calls.map((call) => failed(call).finally(() => settled++));
    clock.advance(9999);
    await flush();
    expect(settled).toBe(0);
    clock.advance(1);
    await Promise.all(outcomes);
  });

  it('has no deadline for a sweep, and wraps its failure', async () => {
    let fail!: (error: Error) => void;
    const { clock, backend } = resilient();
    const sweep = () => new Promise<number>((_, reject) => (fail = reject));
    const storage = new SessionStorageResilient(Object.assign(backend, { sweep }), {
      now: clock.now,
      startTimer: clock.startTimer,
    });
    const swept = failed(storage.sweep!());
    clock.advance(60_000);
    fail(new Error('gone'));
    expect(((await swept).cause as Error).message).toBe('gone');
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the timeout %p', (timeoutInMilliseconds) => {
    expect(() => new SessionStorageResilient(new Backend(), { timeoutInMilliseconds })).toThrow(/positive number/);
  });
});
