import * as fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { KeyRing } from '../../../src/keys/key-ring.js';
import { encryptedSessionStorage, SessionStorageEncrypted } from '../../../src/storage/session-storage-encrypted.js';
import { SessionStorageMemory } from '../../../src/memory/session-storage-memory.js';
import { anyText } from '../../support/any-text.js';

const [OLD, NEW] = [randomBytes(32), randomBytes(32)];
const session = (value: string) => ({ value, expiresAt: Date.now() + 60_000, owner: 'u' });

function encrypted(...keys: readonly Buffer[]) {
  const inner = new SessionStorageMemory();
  return { inner, storage: encryptedSessionStorage(inner, { keys: keys.length > 0 ? keys : [NEW] }) };
}

describe('encryptedSessionStorage', () => {
  it('stores encrypted text in the wrapped storage', async () => {
    const { inner, storage } = encrypted();
    await storage.write('a', session('a secret text'));
    const { value } = (await inner.read('a'))!;
    expect(value).toMatch(/^e1\.[\w-]{6}\.[\w-]+$/);
    expect(value).not.toContain(Buffer.from('secret').toString('base64url').slice(0, 6));
    await storage.write('a', session('a secret text'));
    expect((await inner.read('a'))!.value).not.toBe(value);
  });

  it('returns the exact text by write, replace, conflict and list', async () => {
    const { storage } = encrypted();
    await fc.assert(
      fc.asyncProperty(anyText({ maxLength: 40 }), async (text) => {
        await storage.write('a', session(text));
        expect((await storage.read('a'))?.value).toBe(text);
        await storage.replace!('a', session(`${text}!`));
        expect(await storage.replace!('a', session('other'), 'stale')).toMatchObject({
          status: 'conflict',
          current: { value: `${text}!`, owner: 'u' },
        });
        expect((await storage.owners!.list('u')).map((entry) => entry.session.value)).toEqual([`${text}!`]);
      }),
      { numRuns: 50 },
    );
    await storage.write('a', session('lone \ud800 surrogate'));
    expect((await storage.read('a'))?.value).toBe('lone \ud800 surrogate');
  });

  it('reads a record that was moved to another id as absent', async () => {
    const { inner, storage } = encrypted();
    await storage.write('a', session('of a'));
    await inner.write('b', (await inner.read('a'))!);
    expect(await storage.read('b')).toBeUndefined();
    expect(await storage.replace!('b', session('x'), 'stale')).toEqual({ status: 'gone' });
    expect((await storage.owners!.list('u')).map(({ id }) => id)).toEqual(['a']);
  });

  it('reads a record with any changed bit as absent', async () => {
    const { inner, storage } = encrypted();
    await storage.write('a', session('text'));
    const { value } = (await inner.read('a'))!;
    const bytes = Buffer.from(value.slice(10), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      await inner.write('a', session(value.slice(0, 10) + changed.toString('base64url')));
      expect(await storage.read('a')).toBeUndefined();
    }
  });

  it.each(['', 'plain text', 'e1.', 'e1.AAAAAA.', `e1.AAAAAA.${'A'.repeat(60)}`, 'e2.AAAAAA.AAAA'])(
    'takes %j for absent: it is none of its records',
    async (value) => {
      const { inner, storage } = encrypted();
      await inner.write('a', session(value));
      expect(await storage.read('a')).toBeUndefined();
    },
  );

  it('reads with an old key and writes with the newest key', async () => {
    const inner = new SessionStorageMemory();
    await encryptedSessionStorage(inner, { keys: [OLD] }).write('a', session('text'));
    const both = encryptedSessionStorage(inner, { keys: [NEW, OLD] });
    expect((await both.read('a'))?.value).toBe('text');
    await both.replace!('a', session('changed'));
    expect((await encryptedSessionStorage(inner, { keys: NEW }).read('a'))?.value).toBe('changed');
    expect(await encryptedSessionStorage(inner, { keys: [OLD] }).read('a')).toBeUndefined();
  });

  it('accepts a key ring, and rejects invalid keys', async () => {
    const inner = new SessionStorageMemory();
    const storage = encryptedSessionStorage(inner, { keys: new KeyRing(NEW) });
    expect(storage).toBeInstanceOf(SessionStorageEncrypted);
    await storage.write('a', session('text'));
    expect((await encryptedSessionStorage(inner, { keys: [NEW] }).read('a'))?.value).toBe('text');
    expect(() => encryptedSessionStorage(inner, { keys: [] })).toThrow(/keys is empty/);
    expect(() => encryptedSessionStorage(inner, { keys: 'short' })).toThrow(/keys\[0\]/);
  });
});

it('does not open a text of another owner or in another encoding', async () => {
  const memory = new SessionStorageMemory();
  const storage = encryptedSessionStorage(memory, { keys: randomBytes(32) });
  const expiresAt = Date.now() + 60_000;
  await storage.create!('a', { value: 'secret', expiresAt, owner: 'ann' });
  const { value } = (await memory.read('a'))!;
  await memory.write('a', { value, expiresAt, owner: 'bob' });
  expect(await storage.read('a')).toBeUndefined();
  await memory.write('a', { value, expiresAt, owner: 'ann' });
  expect((await storage.read('a'))?.value).toBe('secret');
  const last = value.at(-1)!;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const other = alphabet[alphabet.indexOf(last) ^ 1]!;
  await memory.write('a', { value: value.slice(0, -1) + other, expiresAt, owner: 'ann' });
  expect(await storage.read('a')).toBeUndefined();
});
