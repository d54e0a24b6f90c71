import { jest } from '@jest/globals';
import {
  SessionError,
  SessionStorageUnavailableError,
  SessionTooLargeError,
  SessionTooLateError,
} from '../../../src/errors/session.errors.js';
import type { SessionExchange } from '../../../src/session/session-exchange.js';
import { hashSessionId } from '../../../src/tracker/session-id-provider.js';
import type { SessionTransportTransformer } from '../../../src/transformer/session-transport-transformer.js';
import { fails, waitsFor } from '../tracker/scripted-storage.js';
import { CLEARED, sessionBench, User, type Kind } from './session-bench.js';

const KINDS: readonly Kind[] = ['by-id', 'by-value'];
const user = (fields: Partial<User> = {}) => Object.assign(new User(), fields);
const idOf = (cookie: string | undefined) => cookie!.slice('user='.length);

describe.each(KINDS)('a session %s', (kind) => {
  describe('that nobody asks for', () => {
    it('costs nothing, whatever came', async () => {
      const { visit, storage } = sessionBench({ kind });
      for (const cookie of [undefined, 'user=garbage']) {
        const { setCookie, events, call } = await visit(cookie, () => {});
        expect([setCookie, events, call.headers.size]).toEqual([undefined, [], 0]);
      }
      expect(storage.calls).toEqual([]);
    });

    it('can be set: what came is looked at first, and replaced', async () => {
      const { visit, begun, seen } = sessionBench({ kind });
      const first = await begun({ visits: 1 });
      const { cookie, events } = await visit(first, (sessions) => sessions.set(user({ visits: 7 })));
      expect(events).toEqual([kind === 'by-id' ? 'rotated' : 'changed']);
      expect(await seen(cookie)).toEqual({ visits: 7 });
      expect(cookie).not.toBe(first);
    });

    it('can be set over garbage, and begins anew', async () => {
      const { visit, seen } = sessionBench({ kind });
      const { cookie, events } = await visit('user=garbage', (sessions) => sessions.set(user({ visits: 7 })));
      expect(events).toEqual([expect.stringMatching(/^rejected/), 'created']);
      expect(cookie).not.toBe('user=garbage');
      expect(await seen(cookie)).toEqual({ visits: 7 });
    });

    it('can be ended', async () => {
      const { visit, begun, seen, storage } = sessionBench({ kind });
      const cookie = await begun();
      const ended = await visit(cookie, (sessions) => sessions.clear(User));
      expect(ended.setCookie).toBe(CLEARED);
      expect(ended.events).toEqual(['cleared']);
      expect(storage.memory.size).toBe(0);
      if (kind === 'by-id') expect(await seen(cookie)).toBeUndefined();
    });

    it('can be ended where nothing came: then nothing is sent', async () => {
      const { visit } = sessionBench({ kind });
      const { setCookie, events } = await visit(undefined, (sessions) => sessions.clear(User));
      expect([setCookie, events]).toEqual([undefined, []]);
    });
  });

  describe('that a commit has decided', () => {
    const changes: Record<string, (sessions: SessionExchange, present: User) => unknown> = {
      'its content changes': (_sessions, present) => void present.visits++,
      'it is to get a new id': (sessions) => sessions.regenerate(User),
      'it gets a lifetime of its own': (sessions) => sessions.lifetime(User, { idleTimeoutInSeconds: 60 }),
      'it is ended': (sessions) => sessions.clear(User),
      'it is replaced': (sessions) => sessions.set(user({ visits: 9 })),
    };

    it.each(Object.entries(changes))('is settled until %s', async (_name, change) => {
      const { open, begun } = sessionBench({ kind });
      const cookie = await begun({ visits: 1 });
      for (const added of [0, 1]) {
        const { sessions } = open(cookie);
        const present = (await sessions.get(User))!;
        present.visits += added;
        await sessions.commit(false);
        expect(sessions.isSettled(false)).toBe(true);
        await change(sessions, present);
        expect(sessions.isSettled(false)).toBe(false);
      }
    });

    it('is only compared at the head of the response', async () => {
      const { open, begun, tracker } = sessionBench({ kind });
      const { sessions } = open(await begun({ visits: 1 }));
      await sessions.get(User);
      const due = jest.spyOn(tracker, 'isRenewalDue');
      await sessions.commit(false);
      expect(sessions.isSettled(false)).toBe(true);
      expect(due).toHaveBeenCalledTimes(1);
    });
  });

  describe('that is absent', () => {
    it('reads as undefined, and leaves no trace', async () => {
      const { visit, storage } = sessionBench({ kind });
      const { setCookie, events, call } = await visit(undefined, async (sessions) => {
        expect(await sessions.get(User)).toBeUndefined();
        expect(await sessions.getOrFresh(User)).toBeInstanceOf(User);
      });
      expect([setCookie, events, storage.memory.size]).toEqual([undefined, [], 0]);
      expect([...call.headers]).toEqual([['vary', ['Cookie']]]);
    });

    it('is created once the fresh one is changed, and is then the session for everyone', async () => {
      const { visit, seen } = sessionBench({ kind });
      const { cookie, events } = await visit(undefined, async (sessions) => {
        const fresh = await sessions.getOrFresh(User);
        expect(await sessions.getOrFresh(User)).toBe(fresh);
        fresh.visits = 3;
        expect(await sessions.get(User)).toBe(fresh);
      });
      expect(events).toEqual(['created']);
      expect(await seen(cookie)).toEqual({ visits: 3 });
    });

    it('is set as it is, also when nothing differs from a fresh one', async () => {
      const { visit, seen } = sessionBench({ kind });
      const { cookie, events } = await visit(undefined, (sessions) => sessions.set(user()));
      expect(events).toEqual(['created']);
      expect(await seen(cookie)).toEqual({ visits: 0 });
    });

    it('is what the last set says', async () => {
      const { visit, seen } = sessionBench({ kind });
      const { cookie, events } = await visit(undefined, async (sessions) => {
        (await sessions.getOrFresh(User)).visits = 99;
        sessions.set(user({ visits: 1 }));
        sessions.set(user({ visits: 2 }));
        expect(await sessions.get(User)).toMatchObject({ visits: 2 });
      });
      expect(events).toEqual(['created']);
      expect(await seen(cookie)).toEqual({ visits: 2 });
    });

    it('is not there after set and clear', async () => {
      const { visit, storage } = sessionBench({ kind });
      const { setCookie, events } = await visit(undefined, async (sessions) => {
        sessions.set(user());
        sessions.clear(User);
        expect(await sessions.get(User)).toBeUndefined();
      });
      expect([setCookie, events, storage.memory.size]).toEqual([undefined, [], 0]);
    });

    it('has nothing to regenerate', async () => {
      const { visit } = sessionBench({ kind });
      const { events } = await visit(undefined, (sessions) => sessions.regenerate(User));
      expect(events).toEqual([]);
    });

    it('is begun by update', async () => {
      const { visit, seen } = sessionBench({ kind });
      const { cookie, events } = await visit(undefined, async (sessions) => {
        expect(await sessions.update(User, (present) => void present.visits++)).toMatchObject({ visits: 1 });
      });
      expect(events).toEqual(['created']);
      expect(await seen(cookie)).toEqual({ visits: 1 });
    });
  });

  describe('that is stale', () => {
    it('reads as undefined, and its cookie is cleared', async () => {
      const { visit } = sessionBench({ kind });
      const { setCookie, events, call } = await visit('user=garbage', async (sessions) => {
        expect(await sessions.get(User)).toBeUndefined();
      });
      expect(setCookie).toBe(CLEARED);
      expect(events).toEqual([kind === 'by-id' ? 'rejected unknown-id' : 'rejected unknown-key']);
      expect(call.headers.get('cache-control')).toEqual(['no-store']);
    });

    it('is cleared on errors too', async () => {
      const { visit } = sessionBench({ kind });
      const { setCookie } = await visit('user=garbage', (sessions) => sessions.get(User), { serverError: true });
      expect(setCookie).toBe(CLEARED);
    });

    it('is replaced by a new session under a new id', async () => {
      const { visit, seen } = sessionBench({ kind });
      const { cookie, events } = await visit('user=garbage', async (sessions) => {
        (await sessions.getOrFresh(User)).visits++;
      });
      expect(events.at(-1)).toBe('created');
      expect(cookie).not.toBe('user=garbage');
      expect(await seen(cookie)).toEqual({ visits: 1 });
    });

    it('is cleared when it is ended', async () => {
      const { visit } = sessionBench({ kind });
      const { setCookie, events } = await visit('user=garbage', async (sessions) => {
        await sessions.get(User);
        sessions.clear(User);
      });
      expect(setCookie).toBe(CLEARED);
      expect(events).toHaveLength(1);
    });
  });

  describe('that is loaded', () => {
    it('is one instance, and is not written while it is only read', async () => {
      const { visit, begun, storage } = sessionBench({ kind });
      const cookie = await begun({ visits: 1, items: [{ n: 1 }] });
      const { setCookie, events, call } = await visit(cookie, async (sessions) => {
        const session = (await sessions.get(User))!;
        expect(await sessions.get(User)).toBe(session);
        expect(await sessions.getOrFresh(User)).toBe(session);
        expect(await sessions.getOrSet(User, () => user())).toBe(session);
        session['items'] = [{ n: 1 }];
      });
      expect([setCookie, events]).toEqual([undefined, []]);
      expect([...call.headers]).toEqual([['vary', ['Cookie']]]);
      expect(storage.calls).toEqual(kind === 'by-id' ? ['read'] : []);
    });

    it.each<[string, (session: User) => void]>([
      ['a deep field', (session) => ((session['items'] as Array<{ n: number }>)[0]!.n = 2)],
      ['an array', (session) => (session['items'] as unknown[]).push(1)],
      ['a Map', (session) => (session['map'] as Map<string, number>).set('b', 2)],
      ['a Set', (session) => (session['set'] as Set<string>).add('b')],
      ['a Date', (session) => (session['date'] as Date).setTime(5)],
      ['the sorting of an array', (session) => (session['list'] as number[]).sort((left, right) => left - right)],
      ['a removed field', (session) => delete session['list']],
    ])('notices a change of %s', async (_, change) => {
      const { visit, begun } = sessionBench({ kind });
      const cookie = await begun({
        items: [{ n: 1 }],
        map: new Map([['a', 1]]),
        set: new Set(['a']),
        date: new Date(1),
        list: [3, 1, 2],
      });
      const { events, setCookie, call } = await visit(cookie, async (sessions) => change((await sessions.get(User))!));
      expect(events).toEqual(['changed']);
      // The id is the same, and no renewal is due.
      expect(setCookie).toEqual(kind === 'by-id' ? undefined : expect.stringContaining('user='));
      expect(call.headers.get('cache-control')).toEqual(kind === 'by-id' ? undefined : ['no-store']);
    });

    it('is renewed when that is due, and sent again', async () => {
      const { visit, begun, clock, seen } = sessionBench({ kind });
      const first = await begun();
      clock.advance(6 * 86_400_000);
      const { cookie, events } = await visit(first, (sessions) => sessions.get(User));
      expect(events).toEqual(['renewed']);
      clock.advance(6 * 86_400_000);
      expect(await seen(cookie)).toEqual({ visits: 1 });
    });

    it('is ended, and not revived by what follows in the same request', async () => {
      const { visit, begun, storage } = sessionBench({ kind });
      const { events, setCookie } = await visit(await begun(), async (sessions) => {
        const session = (await sessions.get(User))!;
        session.visits = 50;
        sessions.clear(User);
        expect(await sessions.get(User)).toBeUndefined();
        session.visits = 51;
      });
      expect(events).toEqual(['cleared']);
      expect(setCookie).toBe(CLEARED);
      expect(storage.memory.size).toBe(0);
    });

    it('is a new session with a new id when it is cleared and set again', async () => {
      const { visit, begun, seen, storage } = sessionBench({ kind });
      const first = await begun({ visits: 1 });
      const { cookie, events } = await visit(first, async (sessions) => {
        await sessions.get(User);
        sessions.clear(User);
        sessions.set(user({ visits: 9 }));
      });
      expect(events).toEqual(['created']);
      expect(cookie).not.toBe(first);
      expect(await seen(cookie)).toEqual({ visits: 9 });
      if (kind === 'by-id') {
        expect(await seen(first)).toBeUndefined();
        expect(storage.memory.size).toBe(1);
      }
    });

    it('is another one when it is ended and the fresh one is changed', async () => {
      const { visit, begun, seen } = sessionBench({ kind });
      const first = await begun({ visits: 1, note: 'old' });
      const { cookie } = await visit(first, async (sessions) => {
        sessions.clear(User);
        (await sessions.getOrFresh(User)).visits = 4;
      });
      expect(cookie).not.toBe(first);
      expect(await seen(cookie)).toEqual({ visits: 4 });
    });

    it('is not there after clear, set and clear', async () => {
      const { visit, begun, storage } = sessionBench({ kind });
      const { events, setCookie } = await visit(await begun(), async (sessions) => {
        sessions.clear(User);
        sessions.set(user());
        sessions.clear(User);
      });
      expect(events).toEqual(['cleared']);
      expect(setCookie).toBe(CLEARED);
      expect(storage.memory.size).toBe(0);
    });

    it('gets a new id, and keeps its content, by regenerate and by a change of owner', async () => {
      for (const how of ['regenerate', 'owner', 'both', 'regenerate and set']) {
        const { visit, begun, seen } = sessionBench({ kind });
        const first = await begun({ visits: 3 });
        const { cookie, events } = await visit(first, async (sessions) => {
          const session = (await sessions.get(User))!;
          if (how !== 'owner') await sessions.regenerate(User);
          if (how === 'owner' || how === 'both') session.userId = 'u1';
          if (how === 'regenerate and set') sessions.set(user({ visits: 3 }));
        });
        expect([how, events]).toEqual([how, ['rotated']]);
        expect(cookie).not.toBe(first);
        expect(await seen(cookie)).toMatchObject({ visits: 3 });
      }
    });

    it('is ended, and not moved, by regenerate and clear', async () => {
      const { visit, begun, storage } = sessionBench({ kind });
      const { events } = await visit(await begun(), async (sessions) => {
        await sessions.regenerate(User);
        sessions.clear(User);
      });
      expect(events).toEqual(['cleared']);
      expect(storage.memory.size).toBe(0);
    });

    it('sends nothing for a set of equal content, unless the provider says so', async () => {
      for (const sendOnlyIfModified of [true, false]) {
        const { visit, begun } = sessionBench({ kind, policies: { sendOnlyIfModified } });
        const set = (sessions: SessionExchange): void => sessions.set(user({ visits: 1 }), { keepId: true });
        const { setCookie, events } = await visit(await begun(), set);
        expect(setCookie === undefined).toBe(sendOnlyIfModified);
        expect(events).toEqual(sendOnlyIfModified ? [] : ['renewed']);
      }
    });
  });

  describe('behind a server error', () => {
    it('is neither created nor changed, unless that was chosen', async () => {
      for (const saveOnServerError of [false, true]) {
        const { visit, begun, seen } = sessionBench({ kind, policies: { saveOnServerError } });
        const error = { serverError: true };
        const created = await visit(undefined, (sessions) => sessions.set(user({ visits: 5 })), error);
        expect(created.events).toEqual(saveOnServerError ? ['created'] : []);
        const fresh = await visit(
          undefined,
          async (sessions) => void (await sessions.getOrFresh(User)).visits++,
          error,
        );
        expect(fresh.events).toEqual(saveOnServerError ? ['created'] : []);
        const cookie = await begun({ visits: 1 });
        const changed = await visit(cookie, async (sessions) => void ((await sessions.get(User))!.visits = 2), error);
        expect(changed.events).toEqual(saveOnServerError ? ['changed'] : []);
        expect(await seen(changed.cookie)).toEqual({ visits: saveOnServerError ? 2 : 1 });
      }
    });

    it('is not renewed', async () => {
      const { visit, begun, clock } = sessionBench({ kind });
      const cookie = await begun();
      clock.advance(6 * 86_400_000);
      const { events } = await visit(cookie, (sessions) => sessions.get(User), { serverError: true });
      expect(events).toEqual([]);
    });

    it('is still ended', async () => {
      const { visit, begun, storage } = sessionBench({ kind });
      const { setCookie } = await visit(await begun(), (sessions) => sessions.clear(User), { serverError: true });
      expect(setCookie).toBe(CLEARED);
      expect(storage.memory.size).toBe(0);
    });

    it('is ended where it was to be replaced, and the new one is dropped', async () => {
      const { visit, begun, storage } = sessionBench({ kind });
      const replace = (sessions: SessionExchange): void => {
        sessions.clear(User);
        sessions.set(user({ visits: 9 }));
      };
      const { setCookie, events } = await visit(await begun(), replace, { serverError: true });
      expect(setCookie).toBe(CLEARED);
      expect(events).toEqual(['cleared']);
      expect(storage.memory.size).toBe(0);
    });

    it('is kept where it was saved before', async () => {
      const { visit, seen } = sessionBench({ kind });
      const saved = async (sessions: SessionExchange): Promise<void> => {
        sessions.set(user({ visits: 5 }));
        await sessions.save();
        (await sessions.get(User))!.visits = 6;
      };
      const { cookie } = await visit(undefined, saved, { serverError: true });
      expect(await seen(cookie)).toEqual({ visits: 5 });
    });
  });

  describe('that is committed again', () => {
    it('does nothing where nothing has changed since', async () => {
      const { visit } = sessionBench({ kind });
      const { events } = await visit(undefined, async (sessions) => {
        sessions.set(user());
        await sessions.commit(false);
        expect(sessions.commit(false)).toBeUndefined();
        await sessions.save();
      });
      expect(events).toEqual(['created']);
    });

    it('stores what has changed since, and sends one line', async () => {
      const { visit, seen } = sessionBench({ kind });
      const { cookie, events, call } = await visit(undefined, async (sessions) => {
        sessions.set(user({ visits: 1 }));
        await sessions.commit(false);
        (await sessions.get(User))!.visits = 2;
        await sessions.commit(false);
        (await sessions.get(User))!.visits = 3;
      });
      expect(events).toEqual(['created', 'changed', 'changed']);
      expect(call.cookies.size).toBe(1);
      expect(await seen(cookie)).toEqual({ visits: 3 });
    });

    it('takes back what it sent when the session is ended after all', async () => {
      const { visit, storage } = sessionBench({ kind });
      const { setCookie, events } = await visit(undefined, async (sessions) => {
        sessions.set(user());
        await sessions.commit(false);
        sessions.clear(User);
      });
      expect(setCookie).toBe(CLEARED);
      expect(events).toEqual(['created', 'cleared']);
      expect(storage.memory.size).toBe(0);
    });

    it('is begun again after it was ended and committed', async () => {
      const { visit, begun, seen } = sessionBench({ kind });
      const first = await begun();
      const { cookie, events } = await visit(first, async (sessions) => {
        sessions.clear(User);
        await sessions.commit(false);
        (await sessions.getOrFresh(User)).visits = 8;
      });
      expect(events).toEqual(['cleared', 'created']);
      expect(cookie).not.toBe(first);
      expect(await seen(cookie)).toEqual({ visits: 8 });
    });
  });

  describe('that changes while it is being stored', () => {
    // The transformer is the one step that takes its time in both kinds.
    function slow() {
      let go!: () => void;
      const waiting = new Promise<void>((resolve) => (go = resolve));
      const first = { done: false };
      const transformer: SessionTransportTransformer = {
        transformRead: (value) => value,
        transformWrite: async (value) => {
          if (!first.done) {
            first.done = true;
            await waiting;
          }
          return value;
        },
      };
      return { go: () => go(), bench: sessionBench({ kind, transformers: [transformer] }) };
    }

    it.each<[string, (sessions: SessionExchange) => unknown, object | undefined]>([
      ['in place', async (sessions) => void ((await sessions.get(User))!.visits = 2), { visits: 2 }],
      ['by set', (sessions) => sessions.set(user({ visits: 3 }), { keepId: true }), { visits: 3 }],
      ['by clear', (sessions) => sessions.clear(User), undefined],
      ['by clear and set', (sessions) => (sessions.clear(User), sessions.set(user({ visits: 4 }))), { visits: 4 }],
    ])('%s is stored next', async (_, change, expected) => {
      const { go, bench } = slow();
      const { cookie } = await bench.visit(undefined, async (sessions) => {
        sessions.set(user({ visits: 1 }));
        const storing = sessions.commit(false);
        await new Promise(setImmediate);
        await change(sessions);
        const next = sessions.commit(false);
        go();
        await storing;
        await next;
      });
      expect(await bench.seen(cookie)).toEqual(expected);
      if (kind === 'by-id') expect(bench.storage.memory.size).toBe(expected ? 1 : 0);
    });
  });

  describe('after the response', () => {
    it('cannot be set any more', async () => {
      const { open } = sessionBench({ kind });
      const { sessions, call } = open();
      call.responded = true;
      expect(() => sessions.set(user())).toThrow(SessionTooLateError);
      await expect(sessions.getOrSet(User, () => user())).rejects.toThrow(SessionTooLateError);
      await expect(sessions.regenerate(User)).rejects.toThrow(SessionTooLateError);
    });

    it('reports a change in place once, and loses it', async () => {
      const { open, begun, events, seen } = sessionBench({ kind });
      const cookie = await begun();
      const { sessions, call } = open(cookie);
      const session = (await sessions.get(User))!;
      await sessions.commit(false);
      call.leave();
      sessions.reportLateChanges(false);
      session.visits = 2;
      sessions.reportLateChanges(false);
      sessions.reportLateChanges(false);
      expect(events.map(({ type }) => type)).toEqual(['loaded', 'too-late']);
      expect(sessions.commit(false)).toBeUndefined();
      expect(await seen(cookie)).toEqual({ visits: 1 });
    });

    it('reports what cannot be written as a late change, too', async () => {
      const { open, begun, events } = sessionBench({ kind });
      const { sessions, call } = open(await begun());
      const session = (await sessions.get(User))!;
      call.leave();
      session['callback'] = () => {};
      sessions.reportLateChanges(false);
      expect(events.map(({ type }) => type)).toEqual(['loaded', 'too-late']);
    });

    it('does not report what a server error dropped', async () => {
      const { visit, begun } = sessionBench({ kind });
      const { events } = await visit(await begun(), async (sessions) => void ((await sessions.get(User))!.visits = 2), {
        serverError: true,
      });
      expect(events).toEqual([]);
    });

    it('is not begun any more', async () => {
      const { open } = sessionBench({ kind });
      const { sessions, call } = open();
      (await sessions.getOrFresh(User)).visits = 1;
      call.leave();
      await expect(sessions.save()).rejects.toThrow(SessionTooLateError);
      expect(call.cookies.size).toBe(0);
    });
  });

  describe('that cannot be stored', () => {
    it('fails with the name of the field, sends nothing, and is not tried again', async () => {
      const { open, storage } = sessionBench({ kind });
      const { sessions, call } = open();
      sessions.set(user({ callback: () => {} }));
      await expect(sessions.commit(false)).rejects.toThrow(/^User\.callback cannot be stored in a session/);
      expect(sessions.commit(false)).toBeUndefined();
      expect(call.cookies.size + storage.memory.size).toBe(0);
    });
  });
});

describe('a session that is decided anew while the storage is busy', () => {
  const CHANGES: ReadonlyArray<[string, (sessions: SessionExchange) => unknown, object | undefined]> = [
    ['set', (sessions) => sessions.set(user({ visits: 3 }), { keepId: true }), { visits: 3 }],
    ['ended', (sessions) => sessions.clear(User), undefined],
    ['ended and set', (sessions) => (sessions.clear(User), sessions.set(user({ visits: 4 }))), { visits: 4 }],
  ];

  it.each(CHANGES)('is %s next, and nothing of the first is left', async (_, change, expected) => {
    for (const verb of ['create', 'replace'] as const) {
      const { open, begun, storage, seen } = sessionBench();
      const { sessions, call } = open(verb === 'create' ? undefined : await begun({ visits: 1 }));
      (await sessions.getOrFresh(User)).visits = 2;
      storage.let(verb, waitsFor(new Promise((resolve) => setTimeout(resolve, 5))));
      const storing = sessions.commit(false);
      await new Promise(setImmediate);
      change(sessions);
      await storing;
      await sessions.commit(false);
      expect(await seen(call.next('user').requestHeaders['cookie'])).toEqual(expected);
      expect(storage.memory.size).toBe(expected ? 1 : 0);
    }
  });
});

describe('several cookies of one name', () => {
  it('are tried in their order; the first valid one wins, with an event', async () => {
    const { visit, begun, seen } = sessionBench();
    const [first, second] = [await begun({ visits: 1 }), await begun({ visits: 2 })];
    expect(await seen(`user=x; user=%zz; ${first}; ${second}`)).toEqual({ visits: 1 });
    const { events, setCookie } = await visit(`user=x; user=%zz; ${second}`, (sessions) => sessions.get(User));
    expect(events).toEqual(['duplicate', 'rejected unknown-id', 'rejected malformed']);
    expect(setCookie).toBeUndefined();
  });

  it('are cleared where none is valid', async () => {
    const { visit } = sessionBench();
    const { events, setCookie } = await visit('user=x; user=', (sessions) => sessions.get(User));
    expect(events).toEqual(['duplicate', 'rejected unknown-id', 'rejected duplicate-cookie']);
    expect(setCookie).toBe(CLEARED);
  });

  it('are left alone where one is the old id of a session that has a new one', async () => {
    const { visit, begun } = sessionBench();
    const old = await begun();
    await visit(old, (sessions) => sessions.regenerate(User));
    for (const cookie of [`user=x; ${old}`, `${old}; user=x`]) {
      expect((await visit(cookie, (sessions) => sessions.get(User))).setCookie).toBeUndefined();
    }
  });
});

describe('a transformer', () => {
  const refusing = (keyState?: () => 'current' | 'unknown'): SessionTransportTransformer => ({
    transformRead: () => undefined,
    transformWrite: (value) => value,
    ...(keyState ? { keyState } : {}),
  });

  it.each<[string, SessionTransportTransformer, string]>([
    ['refuses', refusing(), 'rejected tampered'],
    ['refuses and knows the key', refusing(() => 'current'), 'rejected tampered'],
    ['refuses and does not know the key', refusing(() => 'unknown'), 'rejected unknown-key'],
    ['throws', { ...refusing(), transformRead: () => Promise.reject(new Error('bug')) }, 'rejected tampered'],
    [
      'throws when it is asked for the key',
      refusing(() => {
        throw new Error('bug');
      }),
      'rejected tampered',
    ],
  ])('that %s gives no session and no error', async (_, transformer, event) => {
    const { visit } = sessionBench({ kind: 'by-value', transformers: [transformer] });
    const { events, setCookie } = await visit('user=x', (sessions) => sessions.get(User));
    expect(events).toEqual([event]);
    expect(setCookie).toBe(CLEARED);
  });

  it('that reads with an old key sends the unchanged session again', async () => {
    const rotated: SessionTransportTransformer = {
      transformRead: (value) => value,
      transformWrite: (value) => value,
      keyState: () => 'outdated',
    };
    for (const kind of KINDS) {
      const { visit, begun } = sessionBench({ kind, transformers: [rotated] });
      const { events, setCookie } = await visit(await begun(), (sessions) => sessions.get(User));
      expect(events).toEqual(['renewed']);
      expect(setCookie).toBeDefined();
    }
  });
});

describe('the old id of a session that has a new one', () => {
  async function rotated(fields: Partial<User> = { userId: 'u1', visits: 1 }) {
    const bench = sessionBench();
    const old = await bench.begun(fields);
    const { cookie } = await bench.visit(old, (sessions) => sessions.regenerate(User));
    bench.events.length = 0;
    return { ...bench, old, cookie };
  }

  it('reads as nothing, and its cookie is left alone', async () => {
    const { visit, old, cookie, seen } = await rotated();
    const { events, setCookie } = await visit(old, async (sessions) => {
      expect(await sessions.get(User)).toBeUndefined();
      expect(await sessions.id(User)).toBeUndefined();
    });
    expect(events).toEqual(['rejected rotated']);
    expect(setCookie).toBeUndefined();
    expect(await seen(cookie)).toMatchObject({ visits: 1 });
  });

  it('ends the session even if it gets a new id meanwhile', async () => {
    for (const read of [true, false]) {
      const { visit, old, cookie, seen, storage } = await rotated();
      const { events, setCookie } = await visit(old, async (sessions) => {
        if (read) await sessions.get(User);
        sessions.clear(User);
      });
      expect(events).toEqual(['rejected rotated', 'cleared']);
      expect(setCookie).toBe(CLEARED);
      expect(await seen(cookie)).toBeUndefined();
      expect(storage.memory.size).toBe(0);
    }
  });

  it('ends the session where another is begun in its place', async () => {
    const { visit, old, cookie, seen } = await rotated();
    const begun = await visit(old, (sessions) => {
      sessions.clear(User);
      sessions.set(user({ userId: 'u2' }));
    });
    expect(await seen(cookie)).toBeUndefined();
    expect(await seen(begun.cookie)).toMatchObject({ userId: 'u2' });
  });

  it('begins no session for nobody, which would replace the new cookie: 409 (promise 4)', async () => {
    const { open, old, storage, events } = await rotated();
    const { sessions, call } = open(old);
    (await sessions.getOrFresh(User)).visits++;
    await expect(sessions.commit(false)).rejects.toMatchObject({ code: 'SESSION_CONFLICT', statusCode: 409 });
    expect(events.map(({ type }) => type).slice(-2)).toEqual(['rejected', 'gone']);
    expect(call.cookies.size).toBe(0);
    expect(storage.memory.size).toBe(2);
    expect(sessions.commit(false)).toBeUndefined();
  });

  it('begins one for somebody who signs in, or that is set', async () => {
    const { visit, old, seen } = await rotated();
    const login = await visit(old, async (sessions) => void ((await sessions.getOrFresh(User)).userId = 'u3'));
    expect(login.events).toEqual(['rejected rotated', 'created']);
    expect(await seen(login.cookie)).toMatchObject({ userId: 'u3' });
    const set = await visit(old, (sessions) => sessions.set(user({ visits: 5 })));
    expect(await seen(set.cookie)).toEqual({ visits: 5 });
  });
});

describe('a session that was ended elsewhere meanwhile', () => {
  async function ended(how: 'ended' | 'rotated') {
    const bench = sessionBench();
    const cookie = await bench.begun();
    const other = () =>
      bench.visit(cookie, (sessions) => (how === 'ended' ? sessions.clear(User) : sessions.regenerate(User)));
    return { ...bench, cookie, other };
  }

  it('drops the change with an event, and the next request clears the cookie', async () => {
    const { visit, cookie, other, storage } = await ended('ended');
    const changed = await visit(cookie, async (sessions) => {
      (await sessions.get(User))!.visits = 5;
      await other();
    });
    expect(changed.events).toEqual(['cleared', 'gone ended']);
    expect(changed.setCookie).toBeUndefined();
    expect(storage.memory.size).toBe(0);
    const next = await visit(cookie, (sessions) => sessions.get(User));
    expect(next.setCookie).toBe(CLEARED);
  });

  it('answers 409 where that was chosen, and always to a login (promise 4)', async () => {
    for (const [policies, change] of [
      [{ onGone: 'reject' }, (value: User) => void value.visits++],
      [{}, (value: User) => void (value.userId = 'u1')],
    ] as const) {
      const { open, begun, visit } = sessionBench({ policies });
      const cookie = await begun();
      const { sessions, call } = open(cookie);
      change((await sessions.get(User))!);
      await visit(cookie, (others) => others.clear(User));
      await expect(sessions.commit(false)).rejects.toMatchObject({ code: 'SESSION_CONFLICT', statusCode: 409 });
      expect(call.cookies.size).toBe(0);
    }
  });

  it('answers 409 and leaves the cookie where the session lives on under a new id (promise 4)', async () => {
    const { open, cookie, other, events } = await ended('rotated');
    const { sessions, call } = open(cookie);
    (await sessions.get(User))!.visits = 5;
    await other();
    await expect(sessions.commit(false)).rejects.toMatchObject({ code: 'SESSION_CONFLICT', statusCode: 409 });
    expect(events.at(-1)).toMatchObject({ type: 'gone', reason: 'rotated' });
    expect(call.cookies.size).toBe(0);
    expect(sessions.commit(false)).toBeUndefined();
  });

  it('can be ended in the same request under its new id', async () => {
    const { visit, cookie, other, storage } = await ended('rotated');
    const changed = await visit(cookie, async (sessions) => {
      (await sessions.get(User))!.visits = 5;
      await other();
      await expect(sessions.save()).rejects.toMatchObject({ statusCode: 409 });
      sessions.clear(User);
    });
    expect(changed.events).toEqual(['rotated', 'gone rotated', 'cleared']);
    expect(storage.memory.size).toBe(0);
  });

  it('is neither renewed nor has its cookie sent again', async () => {
    const { visit, cookie, other, clock } = await ended('ended');
    clock.advance(6 * 86_400_000);
    const read = await visit(cookie, async (sessions) => {
      await sessions.get(User);
      await other();
    });
    expect(read.events).toEqual(['cleared']);
    expect(read.setCookie).toBeUndefined();
  });
});

describe('parallel changes', () => {
  it('are merged, and a clash is an event without a value', async () => {
    const { visit, begun, seen, events } = sessionBench();
    const cookie = await begun({ visits: 0 });
    const other = (fields: object) =>
      visit(cookie, async (sessions) => void Object.assign((await sessions.get(User))!, fields));
    await visit(cookie, async (sessions) => {
      Object.assign((await sessions.get(User))!, { a: 'mine', b: 1 });
      await other({ a: 'theirs', c: 2 });
    });
    expect(events.filter(({ type }) => type === 'conflict')).toEqual([
      { type: 'conflict', session: 'user', fields: ['a'], handle: hashSessionId(idOf(cookie)), ageInSeconds: 0 },
    ]);
    expect(await seen(cookie)).toEqual({ visits: 0, a: 'mine', b: 1, c: 2 });
  });

  it('that clash are answered with 409 where that was chosen, and theirs stays', async () => {
    const { open, begun, visit, seen } = sessionBench({ onClash: 'reject' });
    const cookie = await begun({ visits: 0 });
    const { sessions, call } = open(cookie);
    (await sessions.get(User))!.visits = 1;
    await visit(cookie, async (sessions) => void ((await sessions.get(User))!.visits = 2));
    await expect(sessions.commit(false)).rejects.toMatchObject({ code: 'SESSION_CONFLICT', statusCode: 409 });
    expect(call.cookies.size).toBe(0);
    expect(call.headers.has('retry-after')).toBe(false);
    expect(await seen(cookie)).toEqual({ visits: 2 });
  });
});

describe('update', () => {
  it('lands at once, before the response', async () => {
    const { open, begun, seen } = sessionBench();
    const cookie = await begun({ visits: 1 });
    const { sessions } = open(cookie);
    const session = (await sessions.get(User))!;
    expect(await sessions.update(User, (present) => void (present.visits += 10))).toBe(session);
    expect(await seen(cookie)).toEqual({ visits: 11 });
    expect(sessions.commit(false)).toBeUndefined();
  });

  it('runs one after the other within a request, and counts each once', async () => {
    for (const counters of [[], ['visits']]) {
      const { open, begun, seen } = sessionBench({ counters });
      const cookie = await begun({ visits: 0 });
      const { sessions } = open(cookie);
      await Promise.all(Array.from({ length: 5 }, () => sessions.update(User, (present) => void present.visits++)));
      expect(await seen(cookie)).toEqual({ visits: 5 });
    }
  });

  it('is waited for by a commit, also where nobody awaits it', async () => {
    const { open, begun, seen, storage, events } = sessionBench({ counters: ['visits'] });
    const cookie = await begun({ visits: 0 });
    const { sessions } = open(cookie);
    await sessions.get(User);
    const stored = new Promise((resolve) => setTimeout(resolve, 5));
    storage.let('replace', waitsFor(stored));
    const updating = sessions.update(User, (present) => void present.visits++);
    await new Promise(setImmediate);
    await sessions.commit(false);
    sessions.reportLateChanges(false);
    await updating;
    expect(await seen(cookie)).toEqual({ visits: 1 });
    expect(events).toEqual([]);
    expect(storage.replacements).toHaveLength(1);
  });

  it('is not late while it is being stored', async () => {
    const { open, begun, seen, storage, events } = sessionBench();
    const cookie = await begun({ visits: 0 });
    const { sessions, call } = open(cookie);
    await sessions.get(User);
    storage.let('replace', waitsFor(new Promise((resolve) => setTimeout(resolve, 5))));
    const updating = sessions.update(User, (present) => void present.visits++);
    await new Promise(setImmediate);
    call.leave();
    sessions.reportLateChanges(false);
    await updating;
    await new Promise(setImmediate);
    expect(events.map(({ type }) => type)).toEqual(['loaded', 'changed']);
    expect(await seen(cookie)).toEqual({ visits: 1 });
  });

  it("passes the application's own error on, stores nothing, and leaves the session as it is", async () => {
    const { open, begun, seen, visit, events } = sessionBench();
    const cookie = await begun({ tokens: 1 });
    const { sessions, call } = open(cookie);
    await sessions.get(User);
    await visit(cookie, async (other) => void ((await other.get(User))!['tokens'] = 0));
    events.length = 0;
    const refused = new Error('The token has been used.');
    const take = (present: User): void => {
      if (present['tokens'] === 0) throw refused;
      present['tokens'] = 0;
    };
    await expect(sessions.update(User, take)).rejects.toBe(refused);
    expect(events).toEqual([]);
    expect(call.headers.has('retry-after')).toBe(false);
    await sessions.update(User, (present) => void present.visits++);
    expect(await seen(cookie)).toEqual({ visits: 1, tokens: 0 });
  });

  it('goes on after one that failed', async () => {
    const { open, begun, seen } = sessionBench();
    const cookie = await begun({ visits: 0 });
    const { sessions } = open(cookie);
    const updates = [1, 2, 3].map((step) =>
      sessions.update(User, (present) => {
        if (step === 2) throw new Error('no');
        present.visits += step;
      }),
    );
    expect((await Promise.allSettled(updates)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(await seen(cookie)).toEqual({ visits: 4 });
  });

  it('is stored after the head has left, but not where the client would have to be told', async () => {
    const { open, begun, seen, storage } = sessionBench();
    const cookie = await begun({ visits: 0 });
    const { sessions, call } = open(cookie);
    await sessions.get(User);
    call.leave();
    await sessions.update(User, (present) => void present.visits++);
    expect(await seen(cookie)).toEqual({ visits: 1 });
    expect(call.cookies.size).toBe(0);
    await expect(sessions.update(User, (present) => void (present.userId = 'u1'))).rejects.toThrow(SessionTooLateError);
    expect(await seen(cookie)).toEqual({ visits: 1 });
    expect(storage.memory.size).toBe(1);
  });

  it('does not give a new id that cannot be sent any more', async () => {
    const { open, begun, seen } = sessionBench();
    const cookie = await begun({ visits: 0 });
    const { sessions, call } = open(cookie);
    await sessions.regenerate(User);
    call.leave();
    await expect(sessions.update(User, (present) => void present.visits++)).rejects.toThrow(SessionTooLateError);
    expect(await seen(cookie)).toEqual({ visits: 0 });
  });

  it('of a session that was set in this request changes that one', async () => {
    const { visit, seen } = sessionBench();
    const { cookie, events } = await visit(undefined, async (sessions) => {
      sessions.set(user({ visits: 1 }));
      await sessions.update(User, (present) => void present.visits++);
    });
    expect(events).toEqual(['created']);
    expect(await seen(cookie)).toEqual({ visits: 2 });
  });

  it('of a session that is gone does not start a new session', async () => {
    const { open, begun, visit, events, storage } = sessionBench();
    const cookie = await begun();
    const { sessions, call } = open(cookie);
    await sessions.get(User);
    await visit(cookie, (other) => other.clear(User));
    events.length = 0;
    await sessions.update(User, (present) => void present.visits++);
    expect(events.map(({ type }) => type)).toEqual(['gone']);
    expect(call.cookies.size).toBe(0);
    expect(storage.memory.size).toBe(0);
  });
});

describe('a storage that fails', () => {
  const failure = expect.objectContaining({ code: 'SESSION_STORAGE_UNAVAILABLE', statusCode: 503 });

  it('on load: 503 each time the session is needed, and nothing is written', async () => {
    const { open, begun, storage, events } = sessionBench();
    const { sessions, call } = open(await begun());
    storage.let('read', fails);
    await expect(sessions.get(User)).rejects.toEqual(failure);
    await expect(sessions.get(User)).rejects.toBeInstanceOf(SessionStorageUnavailableError);
    expect(storage.calls).toEqual(['read']);
    expect(call.headers.get('retry-after')).toEqual(['1']);
    expect(events).toMatchObject([
      { type: 'unavailable', session: 'user', reason: 'storage-down', operation: 'load', error: failure },
    ]);
    sessions.clear(User);
    expect(sessions.commit(false)).toBeUndefined();
    expect(call.cookies.size).toBe(0);
  });

  it('on load, where sessions may be missed: reads as none, and nothing is written, sent or cleared', async () => {
    const { visit, begun, storage, seen } = sessionBench({ policies: { onUnavailable: 'anonymous' } });
    const cookie = await begun();
    for (const use of [
      async (sessions: SessionExchange) => expect(await sessions.get(User)).toBeUndefined(),
      async (sessions: SessionExchange) => expect(await sessions.getOrFresh(User)).toEqual(new User()),
    ]) {
      storage.let('read', fails);
      const { setCookie, events } = await visit(cookie, use);
      expect([setCookie, events]).toEqual([undefined, ['unavailable load']]);
    }
    expect(await seen(cookie)).toEqual({ visits: 1 });
  });

  it('on load, where sessions may be missed: 503 for a change, which is not stored', async () => {
    const { open, begun, storage, seen } = sessionBench({ policies: { onUnavailable: 'anonymous' } });
    const cookie = await begun();
    for (const use of [
      async (sessions: SessionExchange) => sessions.set(user({ visits: 9 })),
      async (sessions: SessionExchange) => void (await sessions.getOrFresh(User)).visits++,
      async (sessions: SessionExchange) => void (await sessions.update(User, (present) => void present.visits++)),
    ]) {
      storage.let('read', fails);
      const { sessions, call } = open(cookie);
      await use(sessions);
      await expect(sessions.commit(false)).rejects.toEqual(failure);
      expect(call.cookies.size).toBe(0);
      expect(call.headers.get('retry-after')).toEqual(['1']);
    }
    expect(await seen(cookie)).toEqual({ visits: 1 });
    expect(storage.memory.size).toBe(1);
  });

  it.each(['anonymous', 'reject'] as const)(
    'on the load before an end: the end is answered by what the storage does with it (promise 2, %s)',
    async (onUnavailable) => {
      for (const canDelete of [true, false]) {
        const { open, begun, storage, seen } = sessionBench({ policies: { onUnavailable } });
        const cookie = await begun();
        const { sessions, call } = open(cookie);
        sessions.clear(User);
        storage.let('read', fails);
        if (!canDelete) storage.let('invalidate', fails);
        const committed = sessions.commit(false);
        if (canDelete) await committed;
        else await expect(committed).rejects.toEqual(failure);
        expect(call.cookies.get('user')).toBe(CLEARED);
        expect(sessions.commit(false)).toBeUndefined();
        if (canDelete) expect(await seen(cookie)).toBeUndefined();
      }
    },
  );

  it('on the load that a set has to wait for: 503', async () => {
    const { open, begun, storage } = sessionBench();
    const cookie = await begun();
    storage.let('read', fails);
    const { sessions, call } = open(cookie);
    sessions.set(user());
    await expect(sessions.commit(false)).rejects.toEqual(failure);
    expect(call.cookies.size).toBe(0);
    expect(sessions.commit(false)).toBeUndefined();
  });

  it.each(['create', 'replace'] as const)('on %s: 503, no cookie, and it is not tried again', async (verb) => {
    const { open, begun, storage, events, seen } = sessionBench();
    const cookie = verb === 'create' ? undefined : await begun({ visits: 1 });
    const { sessions, call } = open(cookie);
    (await sessions.getOrFresh(User)).visits = 5;
    storage.let(verb, fails);
    await expect(sessions.commit(false)).rejects.toEqual(failure);
    expect(sessions.commit(false)).toBeUndefined();
    expect(call.cookies.size).toBe(0);
    expect(call.headers.get('retry-after')).toEqual(['1']);
    expect(events.filter(({ type }) => type === 'unavailable')).toHaveLength(1);
    if (cookie) expect(await seen(cookie)).toEqual({ visits: 1 });
  });

  it('on the end: 503, since the session may live on, and the cookie is cleared', async () => {
    const { open, begun, storage, events } = sessionBench();
    const { sessions, call } = open(await begun());
    await sessions.get(User);
    sessions.clear(User);
    storage.let('invalidate', fails);
    await expect(sessions.commit(false)).rejects.toEqual(failure);
    expect(call.cookies.get('user')).toBe(CLEARED);
    expect(events.map(({ type }) => type)).toEqual(['loaded', 'unavailable']);
  });

  it('on the end of the session that a new one replaces: 503, and the new one is not handed out', async () => {
    const { open, begun, storage } = sessionBench();
    const { sessions, call } = open(await begun());
    sessions.clear(User);
    sessions.set(user({ visits: 9 }));
    storage.let('invalidate', fails);
    await expect(sessions.commit(false)).rejects.toEqual(failure);
    expect(call.cookies.size).toBe(0);
    // The new one has no cookie, and would live for a week. What is left is the mark of the end.
    await new Promise(setImmediate);
    expect(storage.memory.size).toBe(1);
  });

  it('on renewal: an event, and the request goes on', async () => {
    const { visit, begun, storage, clock } = sessionBench();
    const cookie = await begun();
    clock.advance(6 * 86_400_000);
    storage.let('touch', fails);
    const { events, setCookie } = await visit(cookie, (sessions) => sessions.get(User));
    expect(events).toEqual(['unavailable renew']);
    expect(setCookie).toBeUndefined();
  });

  it('says when to come again where the storage knows', async () => {
    const { open, begun, storage } = sessionBench();
    const { sessions, call } = open(await begun());
    const down = new SessionStorageUnavailableError('Down.', { retryAfterInSeconds: 15 });
    storage.let('read', () => Promise.reject(down));
    await expect(sessions.get(User)).rejects.toBe(down);
    expect(call.headers.get('retry-after')).toEqual(['15']);
  });

  it('keeps its own errors apart from those of the library', async () => {
    const { open, begun, storage, events } = sessionBench();
    const { sessions, call } = open(await begun());
    storage.let('read', () => Promise.reject(new SessionError('SESSION_TOO_LARGE', 'Too large.')));
    await expect(sessions.get(User)).rejects.toMatchObject({ code: 'SESSION_TOO_LARGE' });
    expect(call.headers.has('retry-after')).toBe(false);
    expect(events).toEqual([]);
  });
});

describe('a session that does not fit', () => {
  it('names the largest fields, shows none, and sends nothing', async () => {
    const { open } = sessionBench({ kind: 'by-value' });
    const { sessions, call } = open();
    sessions.set(user({ big: 'top secret '.repeat(500) }));
    const error = await sessions.commit(false)!.catch((reason: unknown) => reason as SessionTooLargeError);
    expect(error).toBeInstanceOf(SessionTooLargeError);
    expect(error!.fields[0]).toEqual({ name: 'big', size: 5502 });
    expect(error!.message).toMatch(/^Session "user" has \d+ bytes; the limit is 4096\. Its largest fields: big/);
    expect(error!.message).not.toContain('top secret');
    expect(call.cookies.size).toBe(0);
  });
});

describe('a cookie that browsers will drop', () => {
  it('is an event', async () => {
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    const { open, events } = sessionBench();
    process.env['NODE_ENV'] = before;
    const { sessions, call } = open();
    Object.defineProperty(call, 'secure', { value: false });
    sessions.set(user());
    await sessions.commit(false);
    expect(events.map(({ type }) => type)).toEqual(['created', 'insecure']);
  });
});

describe('handles in events', () => {
  it('are the hash of the id, the same through the life of a session', async () => {
    const { visit, events } = sessionBench();
    const { cookie } = await visit(undefined, (sessions) => sessions.set(user()));
    await visit(cookie, async (sessions) => void (await sessions.get(User))!.visits++);
    await visit(cookie, (sessions) => sessions.clear(User));
    const handle = hashSessionId(idOf(cookie));
    expect(events).toEqual(
      ['created', 'loaded', 'changed', 'loaded', 'cleared'].map((type) => ({
        type,
        session: 'user',
        handle,
        ageInSeconds: 0,
      })),
    );
  });

  it('are missing by value, where there is no id', async () => {
    const { visit, events } = sessionBench({ kind: 'by-value' });
    await visit(undefined, (sessions) => sessions.set(user()));
    expect(events).toEqual([{ type: 'created', session: 'user', ageInSeconds: 0 }]);
  });
});

describe('two rotations of one session', () => {
  it('leave one, and the later one is told so', async () => {
    const { visit, open, begun, storage } = sessionBench();
    const cookie = await begun();
    const { sessions, call } = open(cookie);
    await sessions.regenerate(User);
    await visit(cookie, (others) => others.regenerate(User));
    await expect(sessions.commit(false)).rejects.toMatchObject({ statusCode: 409 });
    expect(call.cookies.size).toBe(0);
    expect(storage.memory.size).toBe(2);
  });
});

describe('the cookie of an unchanged id', () => {
  it('is sent with a change when a renewal is due, and not before', async () => {
    const { visit, begun, clock } = sessionBench();
    const cookie = await begun();
    const change = () => visit(cookie, async (sessions) => void (await sessions.get(User))!.visits++);
    const sent: boolean[] = [];
    for (let hour = 0; hour < 48; hour++) {
      clock.advance(3_600_000);
      sent.push((await change()).setCookie !== undefined);
    }
    // A tenth of seven days is 16.8 hours.
    expect(sent.flatMap((was, index) => (was ? [index + 1] : []))).toEqual([17, 34]);
  });

  it('is sent with every change where sending is not bound to changes, as by Ktor', async () => {
    const { visit, begun } = sessionBench({ policies: { sendOnlyIfModified: false } });
    const cookie = await begun();
    const { setCookie } = await visit(cookie, async (sessions) => void (await sessions.get(User))!.visits++);
    expect(setCookie).toContain('user=');
  });

  it('is left alone by a server whose clock is behind, which answers a change with 409', async () => {
    const { open, visit, begun, clock } = sessionBench();
    const cookie = await begun();
    clock.advance(-61_000);
    const read = await visit(cookie, async (sessions) => expect(await sessions.get(User)).toBeUndefined());
    expect([read.events, read.setCookie]).toEqual([['rejected future'], undefined]);
    const { sessions } = open(cookie);
    (await sessions.getOrFresh(User)).visits++;
    await expect(sessions.commit(false)).rejects.toMatchObject({ statusCode: 409 });
  });
});

describe('the id at hand', () => {
  it('is there once the session is loaded', async () => {
    const { open, begun } = sessionBench();
    const cookie = await begun();
    const { sessions } = open(cookie);
    expect(sessions.idNow(User)).toBeUndefined();
    await sessions.get(User);
    expect(sessions.idNow(User)).toBe(idOf(cookie));
  });

  it('of a new session is the one that it is stored under', async () => {
    const { visit } = sessionBench();
    let [fresh, set]: Array<string | undefined> = [];
    const handed = await visit(undefined, async (sessions) => {
      expect(sessions.idNow(User)).toBeUndefined();
      const session = await sessions.getOrFresh(User);
      fresh = sessions.idNow(User);
      session.visits++;
      expect(sessions.idNow(User)).toBe(fresh);
    });
    const begun = await visit(undefined, async (sessions) => {
      await sessions.get(User);
      sessions.set(user());
      set = sessions.idNow(User);
    });
    expect([fresh, set]).toEqual([idOf(handed.cookie), idOf(begun.cookie)]);
  });

  it('is refused by value', () => {
    const { open } = sessionBench({ kind: 'by-value' });
    expect(() => open().sessions.idNow(User)).toThrow("doesn't use session IDs");
  });
});
