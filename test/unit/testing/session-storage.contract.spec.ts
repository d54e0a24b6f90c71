import { SessionStorageMemory } from '../../../src/memory/session-storage-memory.js';
import type { SessionStorage, StoredSession } from '../../../src/storage/session-storage.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import {
  sessionStorageContract,
  type SessionStorageContractOptions,
} from '../../../src/testing/session-storage.contract.js';

type Complete = Required<
  Omit<SessionStorage, 'close' | 'inspect' | 'readMany' | 'ownsClient' | 'watchEvictions' | 'nodeOf'>
>;
type Flaw = (good: SessionStorageMemory, clock: FakeClock) => Partial<Complete>;

/** Runs the whole suite over a memory storage with one flaw. @returns the names of the cases that failed. */
async function failures(flaw: Flaw, options: SessionStorageContractOptions = {}): Promise<string[]> {
  const cases: Array<{ name: string; test: () => Promise<void> }> = [];
  const factory = () => {
    const clock = new FakeClock();
    const good = new SessionStorageMemory({ now: clock.now });
    const storage: Complete = {
      read: (id) => good.read(id),
      write: (id, session) => good.write(id, session),
      invalidate: (id) => good.invalidate(id),
      create: (id, session) => good.create(id, session),
      replace: (id, session, version) => good.replace(id, session, version),
      touch: (id, expiresAt, version) => good.touch(id, expiresAt, version),
      owners: good.owners,
      sweep: (limit) => good.sweep(limit),
      ping: () => good.ping(),
      ...flaw(good, clock),
    };
    return { a: storage, now: clock.now, advance: (milliseconds: number) => clock.advance(milliseconds) };
  };
  sessionStorageContract((name, test) => cases.push({ name, test }), factory, {
    fakeClock: true,
    sessionsOfOneOwner: 50,
    ...options,
  });
  const failed: string[] = [];
  for (const { name, test } of cases) {
    await test().catch(() => failed.push(name));
  }
  return failed;
}

const later = () => new Promise<void>((resolve) => setImmediate(resolve));

const FLAWS: Record<string, Flaw> = {
  'cuts long text': (good) => ({
    write: (id, session) => good.write(id, { ...session, value: session.value.slice(0, 65_535) }),
  }),
  'trims text': (good) => ({ write: (id, session) => good.write(id, { ...session, value: session.value.trim() }) }),
  'keeps seconds only': (good) => ({
    write: (id, session) => good.write(id, { ...session, expiresAt: Math.ceil(session.expiresAt / 1000) * 1000 }),
  }),
  'forgets owners': (good) => ({
    write: (id, { value, expiresAt }) => good.write(id, { value, expiresAt }),
  }),
  'never expires': (good) => ({
    write: (id, session) => good.write(id, { ...session, expiresAt: session.expiresAt + 1e9 }),
  }),
  'folds the case of ids': (good) => ({
    read: (id) => good.read(id.toLowerCase()),
    write: (id, session) => good.write(id.toLowerCase(), session),
  }),
  'refuses ids': (good) => ({
    read: (id) => (id.includes('..') ? Promise.reject(new Error('bad id')) : good.read(id)),
  }),
  'shares live objects': (good) => {
    const live = new Map<string, StoredSession>();
    return {
      write: (id, session) => (live.set(id, session), good.write(id, session)),
      read: async (id) => ((await good.read(id)) ? live.get(id) : undefined),
    };
  },
  'does not end sessions': () => ({ invalidate: async () => true }),
  'reports the end of an unknown session': (good) => ({
    invalidate: async (id) => (await good.invalidate(id), true),
  }),
  'keeps what is written with a passed expiry': (good) => ({
    write: async (id, session) => good.write(id, { ...session, expiresAt: session.expiresAt + 60_000 }),
  }),
  'creates by replace': (good) => ({
    replace: async (id, session) => ({ status: 'replaced', version: await good.write(id, session) }),
  }),
  'ignores versions': (good) => ({ replace: (id, session) => good.replace(id, session) }),
  'compares text instead of versions': (good) => ({
    read: async (id) => {
      const session = await good.read(id);
      return session && { ...session, version: session.value };
    },
  }),
  'checks, then writes': (good) => ({
    replace: async (id, session, version) => {
      const current = await good.read(id);
      await later();
      if (!current) return { status: 'gone' };
      if (version !== undefined && version !== current.version) return { status: 'conflict', current };
      return { status: 'replaced', version: await good.write(id, session) };
    },
  }),
  'never moves the expiry by replace': (good) => ({
    replace: async (id, session, version) => {
      const { expiresAt } = (await good.read(id)) ?? session;
      return good.replace(id, { ...session, expiresAt }, version);
    },
  }),
  'touches to earlier': (good) => ({
    touch: async (id, expiresAt) => {
      const session = await good.read(id);
      if (!session) return false;
      await good.replace(id, { ...session, expiresAt }, session.version);
      return true;
    },
  }),
  'revives by touch': (good) => ({
    touch: async (id, expiresAt, version) => {
      const session = await good.read(id);
      if (!session || (version !== undefined && version !== session.version)) return false;
      await later();
      if (!(await good.touch(id, expiresAt))) await good.write(id, { ...session, expiresAt });
      return true;
    },
  }),
  'touches any version': (good) => ({ touch: (id, expiresAt) => good.touch(id, expiresAt) }),
  'lists ended sessions': (good) => {
    const all: string[] = [];
    return {
      write: (id, session) => (all.push(id), good.write(id, session)),
      owners: {
        list: async () =>
          all.map((id) => ({ id, session: { value: '', expiresAt: Number.POSITIVE_INFINITY, version: '1' } })),
        invalidateAll: (owner, except) => good.owners.invalidateAll(owner, except),
      },
    };
  },
  'ends the one that should stay': (good) => ({
    owners: { list: (owner) => good.owners.list(owner), invalidateAll: (owner) => good.owners.invalidateAll(owner) },
  }),
  'ends what it listed and misses a rotation': (good) => ({
    owners: {
      list: (owner) => good.owners.list(owner),
      invalidateAll: async (owner, except) => {
        let ended = 0;
        const listed = await good.owners.list(owner);
        await later();
        for (const { id } of listed) if (id !== except && (await good.invalidate(id))) ended++;
        return ended;
      },
    },
    write: async (id, session) => (await Promise.resolve(), good.write(id, session)),
  }),
  'folds the case of owners': (good) => ({
    write: (id, session) =>
      good.write(id, session.owner === undefined ? session : { ...session, owner: session.owner.toLowerCase() }),
  }),
  'lists the first ten': (good) => ({
    owners: {
      list: async (owner) => (await good.owners.list(owner)).slice(0, 10),
      invalidateAll: (owner, except) => good.owners.invalidateAll(owner, except),
    },
  }),
  'sweeps nothing': () => ({ sweep: async () => 0 }),
  'sweeps without limit': (good) => ({ sweep: () => good.sweep() }),
  'does not answer a ping': () => ({ ping: () => Promise.reject(new Error('no')) }),
  'lets nothing live through a clock that is set back': (good, clock) => {
    const written = new Map<string, number>();
    return {
      write: (id, session) => (written.set(id, clock.now()), good.write(id, session)),
      read: async (id) => ((written.get(id) ?? 0) > clock.now() ? undefined : good.read(id)),
    };
  },
  'reads by the latest moment it has seen': (good, clock) => {
    let latest = 0;
    return {
      read: async (id) => {
        latest = Math.max(latest, clock.now());
        const session = await good.read(id);
        return session && session.expiresAt > latest ? session : undefined;
      },
    };
  },
  'sweeps no earlier than it has swept': (good, clock) => {
    let latest = 0;
    return {
      sweep: async (limit) => {
        if (clock.now() < latest) return 0;
        latest = clock.now();
        return good.sweep(limit);
      },
    };
  },
};

describe('sessionStorageContract', () => {
  it('passes a correct storage', async () => {
    expect(await failures(() => ({}))).toEqual([]);
  });

  it.each(Object.entries(FLAWS))('fails a storage that %s', async (_name, flaw) => {
    expect(await failures(flaw)).not.toEqual([]);
  });

  it('fails for a missing and an undeclared capability', async () => {
    const first = /^has the declared capabilities/;
    expect((await failures(() => ({}), { capabilities: ['replace'] }))[0]).toMatch(first);
    const missing = () => ({ sweep: undefined }) as unknown as Partial<Complete>;
    expect((await failures(missing))[0]).toMatch(first);
  });

  it('fails a storage that reads an outage as absence', async () => {
    const cases: Array<() => Promise<void>> = [];
    const declare = (name: string, test: () => Promise<void>) => /down|hangs/.test(name) && cases.push(test);
    const faults = { hang: () => {}, down: () => {}, restore: () => {} };
    sessionStorageContract(declare, () => ({ a: new SessionStorageMemory(), faults }), { faults: ['hang', 'down'] });
    expect(cases).toHaveLength(2);
    for (const test of cases) await expect(test()).rejects.toThrow('Missing expected rejection');
  });

  it('declares its cases in describe if given, and returns their number', () => {
    const declared: string[] = [];
    let inside = false;
    const count = sessionStorageContract(
      {
        describe: (name, body) => {
          declared.push(name);
          inside = true;
          body();
          inside = false;
        },
        it: (name) => declared.push(inside ? name : `outside: ${name}`),
      },
      () => ({ a: new SessionStorageMemory() }),
      { name: 'mine', capabilities: [] },
    );
    expect(declared[0]).toBe('mine');
    expect(declared).toHaveLength(count + 1);
    expect(declared.filter((name) => name.startsWith('outside'))).toEqual([]);
    expect(new Set(declared).size).toBe(declared.length);
  });

  it('closes the storage after each case, passed or failed', async () => {
    let open = 0;
    const cases: Array<() => Promise<void>> = [];
    sessionStorageContract(
      (_name, test) => cases.push(test),
      () => {
        open++;
        return { a: {} as SessionStorage, close: () => void open-- };
      },
      { capabilities: [] },
    );
    for (const test of cases) await test().catch(() => undefined);
    expect(cases.length).toBeGreaterThan(10);
    expect(open).toBe(0);
  });
});
