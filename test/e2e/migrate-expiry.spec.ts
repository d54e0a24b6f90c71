import expressSessionMiddleware from 'express-session';
import { SessionsModule, type SessionOverrides } from 'nestjs-sessions';
import type { SessionSource } from 'nestjs-sessions/core';
import {
  cookieSession,
  expressSession,
  fastifySecureSession,
  fastifySession,
  ironSession,
} from 'nestjs-sessions/migrate';
import { FakeClock } from 'nestjs-sessions/testing';
import { randomBytes } from 'node:crypto';
import { platforms, startApp, type Platform, type RunningApp } from '../support/platforms.js';
import {
  AuthController,
  AuthSession,
  SECRET,
  startExpressSession,
  startIronSession,
  startSecureSession,
  toAuthSession,
  Visitor,
  type OldApplication,
  type OldContent,
} from './migrate-support.js';

const [express] = platforms as readonly [Platform];
const running: Array<{ close(): Promise<void> }> = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

async function startNew(
  from: SessionSource<AuthSession>,
  now?: () => number,
  session: Partial<SessionOverrides> = {},
): Promise<RunningApp> {
  const app = await startApp(express, {
    imports: [
      SessionsModule.forRoot({
        keys: 'j8-5RijkWoSrFak8icqpDJ7sjwon_VxtoB6y-Q2ehB4',
        sessions: [{ type: AuthSession, from, ...session }],
        ...(now ? { now } : {}),
      }),
    ],
    controllers: [AuthController],
  });
  running.push(app);
  return app;
}

async function signedIn(old: OldApplication): Promise<Visitor> {
  running.push(old);
  const visitor = new Visitor();
  await visitor.post(`${old.url}/login`, { user: 'ada' });
  return visitor;
}

const later = (milliseconds: number) => () => Date.now() + milliseconds;
const DAY = 86_400_000;

describe('an old session that has expired', () => {
  it.each([
    [
      'iron-session, 14 days',
      () => startIronSession(9),
      ironSession({ password: SECRET, cookieName: 'iron', map: toAuthSession }),
      14 * DAY,
    ],
    [
      'iron-session, 1 hour',
      () => startIronSession(8, SECRET, { ttl: 3600 }),
      ironSession({ password: SECRET, cookieName: 'iron', map: toAuthSession }),
      3_600_000,
    ],
  ] as const)('of %s is refused', async (_name, start, source, lifetime) => {
    const visitor = await signedIn(await start());
    const early = await startNew(source, later(lifetime - 120_000));
    expect(await visitor.copy().get(`${early.url}/me`)).toMatchObject({ userId: 'ada' });
    const late = await startNew(source, later(lifetime + 120_000));
    expect(await visitor.get(`${late.url}/me`)).toEqual({});
  });

  it('of @fastify/secure-session is refused after its expiry', async () => {
    const key = randomBytes(32);
    const visitor = await signedIn(await startSecureSession({ key }));
    const from = fastifySecureSession({ key: key.toString('base64'), expiryInSeconds: 600, map: toAuthSession });
    const early = await startNew(from, later(590_000));
    expect(await visitor.copy().get(`${early.url}/me`)).toMatchObject({ userId: 'ada' });
    const late = await startNew(from, later(610_000));
    expect(await visitor.get(`${late.url}/me`)).toEqual({});
  });

  it('of express-session is refused, even if the store still has it', async () => {
    const kept = new Map<string, unknown>();
    const store = {
      get: (id: string, done: (error: unknown, session: unknown) => void) => done(null, kept.get(id)),
      set: (id: string, session: unknown, done: () => void) => {
        kept.set(id, session);
        done();
      },
      destroy: (id: string, done: () => void) => {
        kept.delete(id);
        done();
      },
    };
    const from = expressSession({ secret: SECRET, store, map: toAuthSession, alsoWrite: true });
    const clock = new FakeClock();
    const app = await startNew(from, () => clock.now(), { absoluteTimeoutInSeconds: 0, idleTimeoutInSeconds: 1000 });
    const visitor = new Visitor();
    await visitor.post(`${app.url}/login`, { user: 'ada' });
    const [session] = kept.values() as unknown as [{ cookie: { expires: Date } }];
    expect(session.cookie.expires.getTime()).toBe(clock.now() + 1_000_000);
    // The renewal of a session also renews its old form.
    clock.advance(900_000);
    await visitor.get(`${app.url}/me`);
    clock.advance(900_000);
    expect(await visitor.get(`${app.url}/me`)).toMatchObject({ userId: 'ada' });
    clock.advance(1_000_001);
    expect(await visitor.get(`${app.url}/me`)).toEqual({});
  });

  it('is rewritten before it ends if only new processes are used', async () => {
    const clock = new FakeClock(Date.now());
    const key = randomBytes(32);
    const from = fastifySecureSession({ key, expiryInSeconds: 600, map: toAuthSession, alsoWrite: true });
    const app = await startNew(from, () => clock.now());
    const visitor = new Visitor();
    await visitor.post(`${app.url}/login`, { user: 'ada' });
    for (let turn = 0; turn < 10; turn++) {
      clock.advance(400_000);
      expect(await visitor.get(`${app.url}/me`)).toMatchObject({ userId: 'ada' });
    }
  });
});

describe('a session of iron-session 9 in chunks', () => {
  const cart = Array.from({ length: 60 }, () => randomBytes(60).toString('base64'));

  it('is accepted, and every chunk is cleared', async () => {
    const old = await startIronSession(9, SECRET, { chunk: true });
    running.push(old);
    const visitor = new Visitor();
    // The old application stores the sent data.
    await visitor.post(`${old.url}/login`, { user: cart.join() });
    expect([...visitor.cookies.keys()].sort()).toEqual(['iron.0', 'iron.1']);
    const map = ({ userId = '' }: OldContent): AuthSession =>
      Object.assign(new AuthSession(), { userId: userId.slice(0, 9) });
    const from = ironSession({ password: SECRET, cookieName: 'iron', map });
    const app = await startNew(from);
    expect(await visitor.get(`${app.url}/me`)).toMatchObject({ userId: cart.join().slice(0, 9) });
    expect([...visitor.cookies.keys()]).toEqual(['auth']);
  });

  it('is written in chunks for the old code', async () => {
    const old = await startIronSession(9, SECRET, { chunk: true });
    running.push(old);
    const from = ironSession({
      password: SECRET,
      cookieName: 'iron',
      chunk: true,
      alsoWrite: true,
      map: toAuthSession,
      unmap: (session: AuthSession, content: Partial<OldContent>) => ({
        ...content,
        userId: session.userId,
        n: session.n,
        cart,
      }),
    });
    const app = await startNew(from);
    const visitor = new Visitor();
    await visitor.post(`${app.url}/login`, { user: 'ada' });
    expect([...visitor.cookies.keys()].sort()).toEqual(['auth', 'auth-2', 'iron.0', 'iron.1']);
    expect(await visitor.get(`${old.url}/me`)).toEqual({ userId: 'ada', n: 0, cart });
    await visitor.post(`${app.url}/logout`);
    expect([...visitor.cookies.keys()]).toEqual([]);
  });

  it('is refused with a chunk of another session and with a missing chunk', async () => {
    const old = await startIronSession(9, SECRET, { chunk: true });
    running.push(old);
    const app = await startNew(ironSession({ password: SECRET, cookieName: 'iron', map: toAuthSession }));
    const [ada, eve] = [new Visitor(), new Visitor()];
    for (const visitor of [ada, eve]) await visitor.post(`${old.url}/login`, { user: cart.join() });
    const mixed = ada.copy();
    mixed.cookies.set('iron.1', eve.cookies.get('iron.1')!);
    expect(await mixed.get(`${app.url}/me`)).toEqual({});
    ada.cookies.delete('iron.1');
    expect(await ada.get(`${app.url}/me`)).toEqual({});
  });
});

describe('a failing store of the old application', () => {
  it('gives 503 and signs no user out', async () => {
    const store = new expressSessionMiddleware.MemoryStore();
    const old = await startExpressSession(store);
    const visitor = await signedIn(old);
    const app = await startNew(expressSession({ secret: SECRET, store, map: toAuthSession }));
    const { get } = store;
    store.get = (_id, done) => done(new Error('down'));
    await expect(visitor.get(`${app.url}/me`)).rejects.toThrow('503');
    expect(visitor.lines).toEqual([]);
    store.get = get.bind(store);
    expect(await visitor.get(`${app.url}/me`)).toMatchObject({ userId: 'ada' });
  });
});

describe('an invalid source', () => {
  const map = toAuthSession;
  const store = new expressSessionMiddleware.MemoryStore();

  it.each([
    ['no secret', () => expressSession({ secret: undefined as never, store, map }), 'environment variable'],
    ['an empty secret', () => expressSession({ secret: [''], store, map }), 'environment variable'],
    ['no store', () => expressSession({ secret: SECRET, store: {} as never, map }), 'get, set and destroy'],
    ['no map', () => expressSession({ secret: SECRET, store } as never), 'needs map'],
    [
      'an unknown option',
      () => expressSession({ secret: SECRET, store, map, ttl: 5 } as never),
      'unknown option "ttl"',
    ],
    [
      'alsoWrite as a text',
      () => expressSession({ secret: SECRET, store, map, alsoWrite: 'true' as never }),
      'true or false',
    ],
    ['unmap alone', () => expressSession({ secret: SECRET, store, map, unmap: () => ({}) }), 'alsoWrite: true'],
    ['an unknown algorithm', () => fastifySession({ secret: SECRET, store, map, algorithm: 'md0' }), 'createHmac'],
    ['no keys', () => cookieSession({ keys: [], map }), 'keys of cookieSession'],
    ['a short key', () => fastifySecureSession({ key: randomBytes(31), map }), '32 bytes'],
    ['a short secret', () => fastifySecureSession({ secret: 'short', map }), 'at least 32 bytes'],
    ['a short salt', () => fastifySecureSession({ secret: SECRET, salt: 'short', map }), '16 bytes'],
    ['neither key nor secret', () => fastifySecureSession({ map }), 'set key or secret'],
    ['a short password', () => ironSession({ password: 'short', cookieName: 'iron', map }), 'at least 32 characters'],
    ['no cookie name', () => ironSession({ password: SECRET, cookieName: '', map }), 'cookieName'],
  ])('is refused at start: %s', async (_what, source, message) => {
    await expect((async () => startNew(source() as SessionSource<AuthSession>))()).rejects.toThrow(message);
  });

  it('is refused at start: alsoWrite under the name of the new cookie, or for a header', async () => {
    const from = cookieSession({ keys: [SECRET], name: 'auth', map, alsoWrite: true });
    await expect(startNew(from)).rejects.toThrow('another name');
    const other = cookieSession({ keys: [SECRET], map, alsoWrite: true });
    await expect(startNew(other, undefined, { transport: 'header' })).rejects.toThrow('uses a header');
  });

  it('never puts a secret into a message', () => {
    for (const make of [
      () => expressSession({ secret: SECRET, store: {} as never, map, extra: 1 } as never),
      () => ironSession({ password: { one: SECRET }, cookieName: 'iron', map }),
    ]) {
      try {
        make().providerFor({ now: Date.now } as never);
        throw new Error('accepted');
      } catch (error) {
        expect((error as Error).message).not.toContain(SECRET);
      }
    }
  });
});
