import * as fc from 'fast-check';
import { inspect } from 'node:util';
import { SessionUnserializableError } from '../../../src/errors/session.errors.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { SessionLifetime } from '../../../src/tracker/session-lifetime.js';
import {
  SessionTrackerByValue,
  type SessionTrackerByValueOptions,
} from '../../../src/tracker/session-tracker-by-value.js';
import { call, idOf as valueOf, sessionOf, START, User } from './tracker-bench.js';
import { anyText } from '../../support/any-text.js';

const DAY = 86_400_000;
const serializer = new SessionSerializerReflection(User);

function bench(options: SessionTrackerByValueOptions<User> = {}) {
  const clock = new FakeClock(START);
  const tracker = new SessionTrackerByValue(User, serializer, {
    ownerOf: (value) => value.userId,
    now: clock.now,
    ...options,
  });
  const sent = async (fields: Partial<User> = {}): Promise<string> =>
    valueOf(tracker.store({ value: Object.assign(new User(), fields), call }));
  return { clock, tracker, sent, loaded: async (value: string) => sessionOf(tracker.load(value)) };
}

describe('load', () => {
  it('gives what was sent, as an instance of the class', async () => {
    const { sent, loaded } = bench();
    const session = await loaded(await sent({ userId: 'u1', visits: 3 }));
    expect(session.value).toBeInstanceOf(User);
    expect(session).toMatchObject({ value: { visits: 3 }, createdAt: START, renewedAt: START, owner: 'u1' });
    expect(session).not.toHaveProperty('id');
  });

  it.each(['', 'x', '{}', 'loyw3v28.0', '-1.0.{}'])('rejects %j as malformed', async (value) => {
    expect(bench().tracker.load(value)).toMatchObject({ status: 'rejected', reason: 'malformed' });
  });

  it.each(['', '{', '[]', 'null', '5', '"x"', '{"a":{"#date":"x"}}'])(
    'rejects the content %j as undecodable',
    async (text) => {
      expect(bench().tracker.load(`loyw3v28.0.${text}`)).toMatchObject({ status: 'rejected', reason: 'undecodable' });
    },
  );

  it('rejects a value past its timeouts, whatever the client claims', async () => {
    const { clock, tracker, sent } = bench();
    const value = await sent();
    clock.advance(7 * DAY - 1);
    expect(tracker.load(value).status).toBe('loaded');
    clock.advance(1);
    expect(tracker.load(value)).toMatchObject({ status: 'rejected', reason: 'expired-idle' });
  });

  it('rejects a value from the future, beyond the allowed clock difference', async () => {
    const { clock, tracker, sent } = bench();
    const value = await sent();
    clock.advance(-60_000);
    expect(tracker.load(value).status).toBe('loaded');
    clock.advance(-1);
    expect(tracker.load(value)).toMatchObject({ status: 'rejected', reason: 'future' });
  });

  it('accepts only values with its session name, where it has one', async () => {
    const [own, other, unnamed] = [bench({ name: 'user' }), bench({ name: 'admin' }), bench()];
    expect(own.tracker.load(await own.sent()).status).toBe('loaded');
    expect(own.tracker.load(await other.sent())).toMatchObject({ status: 'rejected', reason: 'wrong-session' });
    expect(own.tracker.load(await unnamed.sent())).toMatchObject({ status: 'rejected', reason: 'malformed' });
  });

  it('rejects a session whose owner cannot be read as undecodable', async () => {
    const { tracker, sent } = bench({ ownerOf: (value) => String(value['odd']) });
    const value = await sent({ odd: 'fine' });
    const odd = value.replace('"fine"', '{"toString":1}');
    expect(tracker.load(odd)).toMatchObject({ status: 'rejected', reason: 'undecodable' });
  });

  it('never throws, whatever comes', async () => {
    const { tracker } = bench();
    const value = fc.oneof(
      fc.string(),
      anyText(),
      fc.json().map((text) => `loyw3v28.0.${text}`),
    );
    await fc.assert(
      fc.asyncProperty(value, async (value) => {
        expect(['loaded', 'rejected']).toContain(tracker.load(value).status);
      }),
    );
  });

  it('never reaches a prototype', async () => {
    const { loaded } = bench();
    const { value } = await loaded(
      'loyw3v28.0.{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}',
    );
    expect(Object.getPrototypeOf(value)).toBe(User.prototype);
    expect(value['admin']).toBeUndefined();
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });
});

describe('store', () => {
  const change =
    (fields: Partial<User> = {}, force = false, rotate = false) =>
    async ({ tracker, clock, sent, loaded }: ReturnType<typeof bench>, pause = 1000) => {
      const previous = await loaded(await sent({ userId: 'u1' }));
      clock.advance(pause);
      Object.assign(previous.value, fields);
      return tracker.store({ value: previous.value, previous, call, force, rotate });
    };

  it('sends a new session with its times', async () => {
    const { sent } = bench();
    expect(await sent({ visits: 1 })).toBe('loyw3v28.0.{"visits":1}');
  });

  it('sends nothing for an unchanged session, unless forced', async () => {
    expect(await change()(bench())).toMatchObject({ status: 'unchanged' });
    expect(await change({}, true)(bench())).toMatchObject({ status: 'renewed' });
  });

  it('sends a changed one, used now and as old as before', async () => {
    const result = await change({ visits: 9 })(bench());
    expect(result.status).toBe('changed');
    expect(sessionOf(result)).toMatchObject({ createdAt: START, renewedAt: START + 1000 });
    const { loaded } = bench();
    expect(await loaded(valueOf(result))).toMatchObject({
      createdAt: START,
      renewedAt: START + 1000,
      value: { visits: 9 },
    });
  });

  it('sends an unchanged session again only when its renewal is due', async () => {
    const tenth = 0.7 * DAY;
    expect((await change()(bench(), tenth - 1)).status).toBe('unchanged');
    const renewed = await change()(bench(), tenth);
    expect(renewed.status).toBe('renewed');
    expect(sessionOf(renewed)).toMatchObject({ createdAt: START, renewedAt: START + tenth });
  });

  it('restarts the absolute timeout only when the owner changes', async () => {
    const login = await change({ userId: 'u2' })(bench());
    expect(login.status).toBe('rotated');
    expect(sessionOf(login)).toMatchObject({ createdAt: START + 1000, owner: 'u2' });
    const byHand = await change({}, false, true)(bench());
    expect(byHand.status).toBe('rotated');
    expect(sessionOf(byHand).createdAt).toBe(START);
  });

  it('takes a text that is known already', async () => {
    const { tracker } = bench();
    expect(valueOf(tracker.store({ value: new User(), text: '{"visits":9}', call }))).toBe('loyw3v28.0.{"visits":9}');
  });

  it('applies a revision once, and then looks at the text', async () => {
    const { tracker } = bench();
    const value = new User();
    const result = tracker.store({ value, text: 'old', call, revise: (present) => void present.visits++ });
    expect(valueOf(result)).toBe('loyw3v28.0.{"visits":1}');
  });

  it('fails where the content cannot be written', () => {
    const { tracker } = bench();
    const value = Object.assign(new User(), { callback: () => {} });
    expect(() => tracker.store({ value, call })).toThrow(SessionUnserializableError);
  });

  it('by a server with an earlier clock than the one that made it leaves it readable', async () => {
    const result = await change({ visits: 9 })(bench(), -30_000);
    expect((await bench().loaded(valueOf(result))).value.visits).toBe(9);
  });
});

describe('bare mode, for values that others read', () => {
  it('sends the text alone, and counts what comes as made and used now', async () => {
    const { tracker, clock, sent, loaded } = bench({ bare: true });
    const value = await sent({ visits: 1 });
    expect(value).toBe('{"visits":1}');
    clock.advance(100 * DAY);
    const session = await loaded(value);
    expect(session).toMatchObject({ createdAt: START + 100 * DAY, renewedAt: START + 100 * DAY });
    expect(tracker.store({ value: session.value, previous: session, call }).status).toBe('unchanged');
  });
});

describe('a tracker by value', () => {
  it('has no ids, and nothing to end', async () => {
    const { tracker } = bench();
    expect(await tracker.clear()).toBeUndefined();
    expect(tracker).not.toHaveProperty('clearById');
    expect(tracker.changesTransportValue()).toBe(true);
    expect(tracker.kind).toBe('by-value');
  });

  it('knows owners, sizes and when a renewal is due', async () => {
    const { tracker, clock, sent, loaded } = bench({ lifetime: new SessionLifetime({ idleTimeoutInSeconds: 3600 }) });
    const session = await loaded(await sent({ userId: 'u1' }));
    expect(tracker.ownerOf(session.value)).toBe('u1');
    expect(tracker.fieldSizes(session.value)).toEqual([
      { name: 'userId', size: 4 },
      { name: 'visits', size: 1 },
    ]);
    expect(tracker.isRenewalDue(session)).toBe(false);
    clock.advance(360_000);
    expect(tracker.isRenewalDue(session)).toBe(true);
  });

  it('takes only instances of its class', () => {
    const { tracker } = bench();
    expect(() => tracker.validate(new User())).not.toThrow();
    expect(() => tracker.validate({ visits: 1 })).toThrow('expected to be of type class User but was a plain object');
  });

  it('has defaults for everything', async () => {
    const tracker = new SessionTrackerByValue(User, serializer);
    const before = Date.now();
    const result = tracker.store({ value: Object.assign(new User(), { userId: 'u1' }), call });
    const session = sessionOf(tracker.load(valueOf(result)));
    expect(session.createdAt).toBeGreaterThanOrEqual(before);
    expect(session.owner).toBeUndefined();
  });

  it('shows no content', async () => {
    const { tracker, sent } = bench();
    tracker.load(await sent({ note: 'top secret' }));
    expect(inspect(tracker, { depth: 9 }) + JSON.stringify(tracker) + String(tracker)).not.toContain('top secret');
    expect(String(tracker)).toBe('SessionTrackerByValue');
  });
});
