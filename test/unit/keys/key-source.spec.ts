import { KeyRing, SessionConfigurationError, SessionStorageMemory, encryptedSessionStorage } from 'nestjs-sessions';
import { SessionTransportTransformerSeal, type ScheduledKey } from 'nestjs-sessions/core';
import { FakeClock } from 'nestjs-sessions/testing';

const [FIRST, SECOND, THIRD] = [
  'b1u8W2mZ5xQkYt0nRj7LcVhS4eAoFg9iDpXy6NqTUKw',
  'h7Gd0sWqLx3ZyPn9RkVbT2mEuJ5cFoA8iXtKwY1rCsU',
  'Zk4nVb7QxW2sLp9TgH0yRc6JdMf1uAe8iXoKtY3hNqE',
];
const MINUTE = 60_000;
const DAY = 24 * 3600_000;

/** Lets the promises of a reload settle. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('KeyRing.from', () => {
  let clock: FakeClock;
  let keys: readonly ScheduledKey[];
  let failure: Error | undefined;
  let errors: unknown[];
  let reads: number;

  beforeEach(() => {
    clock = new FakeClock(Date.UTC(2027, 0, 1));
    keys = [{ key: FIRST }];
    [failure, errors, reads] = [undefined, [], 0];
  });

  const open = (): Promise<KeyRing> =>
    KeyRing.from(
      async () => {
        reads += 1;
        if (failure) throw failure;
        return keys;
      },
      { now: clock.now, startTimer: clock.startTimer, onError: (error) => errors.push(error) },
    );
  const pass = async (milliseconds: number): Promise<void> => {
    clock.advance(milliseconds);
    await settled();
  };
  const seal = (ring: KeyRing): SessionTransportTransformerSeal =>
    new SessionTransportTransformerSeal(ring, { name: 'user', transport: 'cookie' });

  it('protects and reads like a ring of the same keys', async () => {
    const value = seal(await open()).transformWrite('text');
    expect(seal(new KeyRing(FIRST)).transformRead(value)).toBe('text');
  });

  it('uses a new key without a restart, and still reads the old one', async () => {
    const transformer = seal(await open());
    const old = transformer.transformWrite('old');
    keys = [{ key: SECOND }, { key: FIRST }];
    await pass(5 * MINUTE);
    expect(reads).toBe(2);
    expect(transformer.keyState(old)).toBe('outdated');
    expect(transformer.transformRead(old)).toBe('old');
    expect(seal(new KeyRing(SECOND)).transformRead(transformer.transformWrite('new'))).toBe('new');
  });

  it('reads with a key before its from, and protects with it afterwards', async () => {
    keys = [{ key: SECOND, from: new Date(clock.now() + DAY) }, { key: FIRST }];
    const transformer = seal(await open());
    const early = seal(new KeyRing(SECOND)).transformWrite('of a process whose clock is ahead');
    expect(transformer.transformRead(early)).toBe('of a process whose clock is ahead');
    expect(transformer.keyState(transformer.transformWrite('x'))).toBe('current');
    expect(seal(new KeyRing(FIRST)).transformRead(transformer.transformWrite('x'))).toBe('x');
    for (let minutes = 0; minutes < 24 * 60; minutes += 5) await pass(5 * MINUTE);
    expect(seal(new KeyRing(SECOND)).transformRead(transformer.transformWrite('x'))).toBe('x');
    expect(errors).toEqual([]);
  });

  it('rejects values of a key after its until, also cached ones', async () => {
    keys = [{ key: SECOND }, { key: FIRST, until: new Date(clock.now() + MINUTE).toISOString() }];
    const transformer = seal(await open());
    const old = seal(new KeyRing(FIRST)).transformWrite('old');
    expect(transformer.transformRead(old)).toBe('old');
    await pass(MINUTE);
    expect(transformer.transformRead(old)).toBeUndefined();
    expect(transformer.keyState(old)).toBe('unknown');
  });

  it('rejects reads and writes without an active key', async () => {
    keys = [{ key: FIRST, until: clock.now() + MINUTE }];
    const ring = await open();
    const transformer = seal(ring);
    const storage = encryptedSessionStorage(new SessionStorageMemory(), { keys: ring });
    const value = transformer.transformWrite('x');
    await pass(MINUTE);
    expect(transformer.transformRead(value)).toBeUndefined();
    expect(() => transformer.transformWrite('x')).toThrow(SessionConfigurationError);
    await expect(storage.write('id', { value: 'x', expiresAt: 9_999_999_999_999 })).rejects.toThrow(
      'The key ring has no active key',
    );
    keys = [{ key: SECOND }];
    await pass(5 * MINUTE);
    expect(transformer.transformRead(transformer.transformWrite('again'))).toBe('again');
  });

  it('keeps the previous keys if the source fails or returns a weak key, and tries again', async () => {
    const transformer = seal(await open());
    failure = new Error('vault is sealed');
    await pass(5 * MINUTE);
    expect(errors).toEqual([failure]);
    failure = undefined;
    keys = [{ key: 'short' }];
    await pass(5 * MINUTE);
    expect(errors[1]).toBeInstanceOf(SessionConfigurationError);
    expect(String(errors[1])).not.toContain('short ');
    expect(transformer.transformRead(transformer.transformWrite('x'))).toBe('x');
    keys = [{ key: THIRD }];
    await pass(5 * MINUTE);
    expect(seal(new KeyRing(THIRD)).transformRead(transformer.transformWrite('x'))).toBe('x');
  });

  it('rejects a source without an active key or with invalid times', async () => {
    keys = [{ key: FIRST, from: clock.now() + 1 }];
    await expect(open()).rejects.toThrow('The key source has no active key');
    keys = [{ key: FIRST, from: 'tomorrow' }];
    await expect(open()).rejects.toThrow('keys[0].from is not a point in time');
    keys = [{ key: FIRST, from: 2, until: 1 }];
    await expect(open()).rejects.toThrow('keys[0]: until must be after from');
    failure = new Error('vault is sealed');
    await expect(open()).rejects.toBe(failure);
    await expect(KeyRing.from(() => [], { reloadEveryInSeconds: 0 })).rejects.toThrow('a positive number');
  });

  it('encrypts storage records with the active key', async () => {
    const inner = new SessionStorageMemory();
    const storage = encryptedSessionStorage(inner, { keys: await open() });
    await storage.write('a', { value: 'content', expiresAt: 9_999_999_999_999 });
    keys = [{ key: SECOND }, { key: FIRST }];
    await pass(5 * MINUTE);
    await storage.write('b', { value: 'content', expiresAt: 9_999_999_999_999 });
    expect((await storage.read('a'))?.value).toBe('content');
    const others = encryptedSessionStorage(inner, { keys: new KeyRing(SECOND) });
    expect((await others.read('b'))?.value).toBe('content');
  });

  it('reports id, state, times and last use of each key, but not the key', async () => {
    const until = clock.now() + DAY;
    keys = [{ key: SECOND }, { key: FIRST, until }];
    const ring = await open();
    const transformer = seal(ring);
    expect(ring.report()).toEqual([
      { id: expect.stringMatching(/^[0-9a-f]{8}$/), state: 'protects' },
      { id: expect.any(String), state: 'reads', until },
    ]);
    const before = Date.now();
    transformer.transformRead(seal(new KeyRing(FIRST)).transformWrite('old'));
    const [newest, oldest] = ring.report();
    expect(newest!.lastUsedAt).toBeUndefined();
    expect(oldest!.lastUsedAt).toBeGreaterThanOrEqual(before);
    expect(new KeyRing([SECOND, FIRST]).report().map(({ id }) => id)).toEqual([newest!.id, oldest!.id]);
    expect(JSON.stringify(ring.report())).not.toMatch(new RegExp([FIRST, SECOND].join('|')));
    for (let minutes = 0; minutes < 24 * 60; minutes += 5) await pass(5 * MINUTE);
    expect(ring.report()[1]!.state).toBe('ended');
  });

  it('stops reloading after close()', async () => {
    const ring = await open();
    ring.close();
    await pass(60 * MINUTE);
    expect(reads).toBe(1);
  });
});
