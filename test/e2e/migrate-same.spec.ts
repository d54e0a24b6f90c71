import { Controller, Get, Post } from '@nestjs/common';
import {
  CurrentSession,
  Session,
  SessionOwner,
  SessionsModule,
  SessionsService,
  SessionStorageMemory,
  type SessionOverrides,
} from 'nestjs-sessions';
import { sameSession } from 'nestjs-sessions/migrate';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('account')
class AccountSession {
  @SessionOwner() userId?: string;
  n = 0;
}

@Controller()
class AccountController {
  @Post('login')
  login(@CurrentSession(AccountSession) session: AccountSession): object {
    session.userId = 'ada';
    return session;
  }

  @Post('bump')
  bump(@CurrentSession(AccountSession) session: AccountSession): object {
    session.n += 1;
    return session;
  }

  @Get('me')
  me(@CurrentSession(AccountSession, { optional: true }) session?: AccountSession): object {
    return session ?? {};
  }
}

const OLD_KEYS = 'A71FFpD4w7XBdVVX0CodqJaUTRpJRGZlGPYCRaE6ODc';
const NEW_KEYS = 'hxGAi-fP_lAOjnR10ZuwGCNmJwrq4_k6m42kEHw4BDM';

describe.each(platforms)('the same session under another name or scope, on $name', (platform) => {
  let storage: SessionStorageMemory;
  const running: RunningApp[] = [];

  beforeEach(() => {
    storage = new SessionStorageMemory();
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((app) => app.close()));
    await storage.close();
  });

  async function start(session: Partial<SessionOverrides>, keys = NEW_KEYS): Promise<RunningApp> {
    const app = await startApp(platform, {
      imports: [SessionsModule.forRoot({ keys, sessions: [{ type: AccountSession, ...session }] })],
      controllers: [AccountController],
    });
    running.push(app);
    return app;
  }

  const byId = (): Partial<SessionOverrides> => ({ tracker: 'by-id', storage });

  it.each([
    ['by id', byId],
    ['by value', () => ({})],
  ])('migrates a session %s to another name and clears the old cookie', async (_how, options) => {
    const old = await start({ ...options(), name: 'user' }, OLD_KEYS);
    const cookie = (await ask(`${old.url}/login`, { method: 'POST' })).cookie('user');
    const keys = _how === 'by value' ? { keys: OLD_KEYS } : {};
    const moved = await start({ ...options(), from: sameSession({ name: 'user', ...keys }) });
    const answer = await ask(`${moved.url}/me`, { cookie });
    expect(answer.json()).toEqual({ userId: 'ada', n: 0 });
    expect(answer.setCookie('user')).toContain('Max-Age=0');
    expect((await ask(`${moved.url}/bump`, { method: 'POST', cookie: answer.cookie('account') })).json()).toEqual({
      userId: 'ada',
      n: 1,
    });
  });

  it.each([
    ['domain', { domain: 'example.com' }, { domain: 'example.com' }, 'Domain=example.com'],
    ['path', { path: '/app' }, { path: '/app' }, 'Path=/app'],
  ])('migrates a cookie of another %s and clears it there', async (_what, from, cookie, attribute) => {
    const old = await start({ ...byId(), cookie });
    const login = await ask(`${old.url}/login`, { method: 'POST' });
    expect(login.setCookie('account')).toContain(attribute);
    const moved = await start({ ...byId(), from: sameSession(from) });
    const answer = await ask(`${moved.url}/bump`, { method: 'POST', cookie: login.cookie('account') });
    expect(answer.json()).toEqual({ userId: 'ada', n: 1 });
    const [set, cleared] = answer.setCookies.filter((line) => line.startsWith('account='));
    expect(set).not.toContain(attribute);
    expect(set).not.toContain('Max-Age=0');
    expect(cleared).toContain(attribute);
    expect(cleared).toContain('Max-Age=0');
  });

  it('keeps the old name while old and new processes run in parallel', async () => {
    const old = await start({ ...byId(), name: 'user' });
    const both = await start({ ...byId(), from: sameSession({ name: 'user', alsoWrite: true }) });
    const moved = await start({ ...byId(), from: sameSession({ name: 'user' }) });
    let { cookie } = { cookie: (await ask(`${old.url}/login`, { method: 'POST' })).cookie('user') };
    for (let turn = 1; turn <= 100; turn++) {
      const { url } = turn % 2 === 0 ? old : both;
      const answer = await ask(`${url}/bump`, { method: 'POST', cookie });
      expect(answer.json()).toEqual({ userId: 'ada', n: turn });
      cookie = answer.cookie('user') || cookie;
    }
    const answer = await ask(`${moved.url}/me`, { cookie });
    expect(answer.json()).toEqual({ userId: 'ada', n: 100 });
    // A process with the old name also reads the new one.
    expect((await ask(`${both.url}/me`, { cookie: answer.cookie('account') })).json()).toEqual({
      userId: 'ada',
      n: 100,
    });
  });

  it('ends sessions of an owner that have not migrated yet', async () => {
    const old = await start({ ...byId(), name: 'user' });
    const cookie = (await ask(`${old.url}/login`, { method: 'POST' })).cookie('user');
    const moved = await start({ ...byId(), from: sameSession({ name: 'user' }) });
    expect(await moved.app.get(SessionsService).revokeAll(AccountSession, 'ada')).toBe(1);
    expect((await ask(`${moved.url}/me`, { cookie })).json()).toEqual({});
  });

  it.each([
    ['name', { name: 'user' }],
    ['domain', { domain: 'example.com' }],
  ])('lists and revokes a session of another %s that has not migrated yet, once', async (_what, from) => {
    const old = await start({
      ...byId(),
      ...('name' in from ? { name: from.name } : { cookie: from }),
    });
    const cookie = (await ask(`${old.url}/login`, { method: 'POST' })).setCookies[0]!.split(';')[0]!;
    const moved = await start({ ...byId(), from: sameSession(from) });
    const service = moved.app.get(SessionsService);
    const listed = await service.list(AccountSession, 'ada');
    expect(listed.map(({ session }) => session)).toEqual([{ userId: 'ada', n: 0 }]);
    const [{ handle }] = listed as [(typeof listed)[0]];
    expect(await service.revoke(AccountSession, handle, { owner: 'bob' })).toBe(false);
    expect(await service.revoke(AccountSession, handle, { owner: 'ada' })).toBe(true);
    expect(await service.list(AccountSession, 'ada')).toEqual([]);
    expect((await ask(`${moved.url}/me`, { cookie })).json()).toEqual({});
    expect((await ask(`${old.url}/me`, { cookie })).json()).toEqual({});
  });

  it('refuses options without a difference, and unknown options', () => {
    expect(() => sameSession({})).toThrow('needs an option');
    expect(() => sameSession({ nane: 'user' } as never)).toThrow('unknown option');
    expect(() => sameSession({ name: 'user', alsoWrite: 'false' } as never)).toThrow('true or false');
  });
});
