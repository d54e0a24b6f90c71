import { Body, Controller, Get, Injectable, Param, Post } from '@nestjs/common';
import {
  CurrentSession,
  Session,
  SessionOwner,
  Sessions,
  SessionsModule,
  SessionsService,
  SessionStorageMemory,
  type RequestSessions,
  type SessionEvent,
} from 'nestjs-sessions';
import type { IncomingMessage } from 'node:http';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { ask, postJson, type Answer } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

const TIMEOUTS = { idleTimeoutInSeconds: 600, absoluteTimeoutInSeconds: 3600 };

@Session('user', { tracker: 'by-id', explainInSeconds: 86_400, maxPerOwner: 2, graceInSeconds: 0, ...TIMEOUTS })
class User {
  @SessionOwner() userId?: string;
  note = '';
}

@Session('theme', { ...TIMEOUTS })
class Theme {
  dark = false;
}

@Session('other')
class Other {
  dark = false;
}

@Injectable()
class Storage extends SessionStorageMemory {
  down = false;
  override async read(id: string) {
    if (this.down) throw new Error('down');
    return super.read(id);
  }
}

@Controller()
class AppController {
  static meanwhile: () => Promise<unknown> = async () => undefined;

  constructor(private readonly service: SessionsService) {}

  @Post('login') async login(@Body('user') user: string, @Sessions() sessions: RequestSessions) {
    await sessions.login(User, user);
  }
  @Get('me') me(@CurrentSession({ optional: true }) user?: User): object {
    return { user: user?.userId ?? null };
  }
  @Post('note') note(@Body('note') note: string, @CurrentSession() user: User) {
    user.note = note;
  }
  @Post('rotate') async rotate(@Sessions() sessions: RequestSessions) {
    await sessions.regenerate(User);
  }
  @Post('during') async during(@CurrentSession() user: User) {
    user.note = 'mine';
    await AppController.meanwhile();
  }
  @Post('switch') switch(@CurrentSession() user: User) {
    user.userId = 'eve';
  }
  @Post('not-begun') notBegun(@CurrentSession({ newSession: false }) user: User) {
    user.note = 'dropped';
  }
  @Post('act') async act(@Sessions() sessions: RequestSessions) {
    await sessions.actAs(User, 'bob', { reason: 'support' });
  }
  @Post('logout') logout(@Sessions() sessions: RequestSessions) {
    sessions.logout(User);
  }
  @Post('revoke/:owner') async revoke(@Param('owner') owner: string) {
    return this.service.revokeAll(User, owner);
  }
  @Post('theme') theme(@CurrentSession() theme: Theme) {
    theme.dark = !theme.dark;
  }
  @Get('theme') shows(@CurrentSession({ optional: true }) theme?: Theme): object {
    return { dark: theme?.dark ?? null };
  }
  @Get('other') other(@CurrentSession({ optional: true }) other?: Other): object {
    return { dark: other?.dark ?? null };
  }
}

/** Tested in late-answer.spec.ts, socket-sessions.spec.ts and evictions.spec.ts. */
type ElsewhereTested = 'too-late' | 'foreign-origin' | 'evicted';

describe.each(platforms)('the reason of a lost session, on $name', (platform) => {
  let app: RunningApp;
  let clock: FakeClock;
  let events: SessionEvent[];
  let storage: Storage;
  const start = async (options: object = {}): Promise<void> => {
    clock = new FakeClock();
    events = [];
    storage = new Storage({ now: clock.now });
    app = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          sessions: [User, Theme, Other],
          storage,
          now: clock.now,
          onEvent: (event) => events.push(event),
          ...options,
        }),
      ],
      controllers: [AppController],
    });
  };
  beforeEach(() => start());
  afterEach(() => app.close());

  const post = (path: string, body: object, cookie?: string): Promise<Answer> =>
    postJson(`${app.url}/${path}`, body, cookie);
  const get = (path: string, cookie?: string): Promise<Answer> => ask(`${app.url}/${path}`, { cookie });
  const login = async (user = 'ann'): Promise<string> => (await post('login', { user })).cookie('user');
  const theme = async (): Promise<string> => (await post('theme', {})).cookie('theme');
  const tampered = (cookie: string): string =>
    cookie.slice(0, -8) + (cookie.at(-8) === 'A' ? 'B' : 'A') + cookie.slice(-7);
  const of = (type: SessionEvent['type']): SessionEvent[] => events.filter((event) => event.type === type);

  const cases: ReadonlyArray<readonly [string, string, () => Promise<string>]> = [
    [
      'ended',
      'me',
      async () => {
        const cookie = await login();
        await post('logout', {}, cookie);
        clock.advance(3_600_000);
        return cookie;
      },
    ],
    [
      'revoked',
      'me',
      async () => {
        const cookie = await login();
        await post('revoke/ann', {});
        clock.advance(3_600_000);
        return cookie;
      },
    ],
    [
      'evicted',
      'me',
      async () => {
        const cookie = await login();
        clock.advance(1000);
        await login();
        await login();
        return cookie;
      },
    ],
    [
      'rotated',
      'me',
      async () => {
        const cookie = await login();
        await post('rotate', {}, cookie);
        return cookie;
      },
    ],
    ['unknown-id', 'me', async () => `user=${'A'.repeat(43)}`],
    ['duplicate-cookie', 'me', async () => `user=${'A'.repeat(43)}; user=${'B'.repeat(43)}`],
    [
      'expired-idle',
      'theme',
      async () => {
        const cookie = await theme();
        clock.advance(600_000);
        return cookie;
      },
    ],
    [
      'expired-absolute',
      'theme',
      async () => {
        let cookie = await theme();
        for (let minutes = 0; minutes < 56; minutes += 8) {
          clock.advance(8 * 60_000);
          cookie = (await get('theme', cookie)).cookie('theme') || cookie;
        }
        clock.advance(4 * 60_000);
        return cookie;
      },
    ],
    ['tampered', 'theme', async () => tampered(await theme())],
    ['wrong-session', 'other', async () => (await theme()).replace('theme=', 'other=')],
    ['unknown-key', 'theme', async () => `theme=${Buffer.alloc(80, 1).toString('base64url')}`],
    ['malformed', 'me', async () => `user=${'A'.repeat(2000)}`],
  ];

  it.each(cases)('is %s, in the event and in Server-Timing', async (reason, path, prepare) => {
    const cookie = await prepare();
    events.length = 0;
    const answer = await get(path, cookie);
    expect(answer.status).toBe(200);
    expect(Object.values(answer.json<object>())).toEqual([null]);
    const session = cookie.slice(0, cookie.indexOf('='));
    expect(of('rejected').at(-1)).toMatchObject({ type: 'rejected', session, reason });
    expect(answer.headers.get('server-timing')).toBe(`session;desc="${session}: ${reason}"`);
  });

  it('includes handle and age of the rejected session, if they are known', async () => {
    const cookie = await theme();
    clock.advance(700_000);
    await get('theme', cookie);
    expect(of('rejected')).toEqual([{ type: 'rejected', session: 'theme', reason: 'expired-idle', ageInSeconds: 700 }]);
    events.length = 0;
    await get('me', `user=${'A'.repeat(43)}`);
    expect(of('rejected')).toEqual([
      { type: 'rejected', session: 'user', reason: 'unknown-id', handle: expect.stringMatching(/^[\w-]{43}$/) },
    ]);
  });

  it('is storage-down while the storage fails', async () => {
    const cookie = await login();
    storage.down = true;
    events.length = 0;
    const answer = await get('me', cookie);
    expect([answer.status, answer.headers.get('server-timing')]).toEqual([503, 'session;desc="user: storage-down"']);
    expect(events).toMatchObject([{ type: 'unavailable', reason: 'storage-down', operation: 'load' }]);
  });

  it('keeps the Server-Timing header of the application', async () => {
    const answer = await get('me', `user=${'A'.repeat(43)}`);
    expect(answer.headers.get('server-timing')).toContain('user: unknown-id');
    expect((await get('me')).headers.get('server-timing')).toBeNull();
  });

  it('is not sent to clients in production', async () => {
    await app.close();
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      await start({ keys: '92FBGiTvMwC43XEuTRz0wHXJ890sg_vXjeb4yGc-DMA' });
    } finally {
      process.env['NODE_ENV'] = before;
    }
    const answer = await get('me', `__Host-user=${'A'.repeat(43)}`);
    expect(answer.headers.get('server-timing')).toBeNull();
    expect(of('rejected')).toHaveLength(1);
  });

  it('adds owner, age and request to events, with eventFields', async () => {
    await app.close();
    const request = ({ headers }: IncomingMessage): Record<string, unknown> => ({ agent: headers['user-agent'] });
    await start({ eventFields: { owner: true, request } });
    const cookie = await login();
    clock.advance(90_000);
    events.length = 0;
    await ask(`${app.url}/me`, { cookie, headers: { 'user-agent': 'a browser' } });
    expect(events[0]).toMatchObject({
      type: 'loaded',
      owner: 'ann',
      ageInSeconds: 90,
      request: { agent: 'a browser' },
    });
  });

  it('refuses unknown event fields', async () => {
    await expect(start({ eventFields: { user: true } })).rejects.toThrow('eventFields: unknown option "user"');
    await expect(start({ eventFields: { owner: 'yes' } })).rejects.toThrow('eventFields: owner must be true or false');
  });

  const acts: Readonly<Record<Exclude<SessionEvent['type'], ElsewhereTested>, () => Promise<unknown>>> = {
    created: () => login(),
    loaded: async () => get('me', await login()),
    changed: async () => post('note', { note: 'x' }, await login()),
    async renewed() {
      const cookie = await login();
      clock.advance(120_000);
      await get('me', cookie);
    },
    rotated: async () => post('rotate', {}, await login()),
    cleared: async () => post('logout', {}, await login()),
    async revoked() {
      await login();
      await post('revoke/ann', {});
    },
    duplicate: () => get('me', 'user=a; user=b'),
    rejected: () => get('me', `user=${'A'.repeat(43)}`),
    async replayed() {
      await app.close();
      await start({ sessions: [{ type: User, graceInSeconds: 10 }, Theme, Other] });
      const cookie = await login();
      await post('rotate', {}, cookie);
      clock.advance(10_000);
      await get('me', cookie);
    },
    async unavailable() {
      const cookie = await login();
      storage.down = true;
      await get('me', cookie);
    },
    async conflict() {
      const cookie = await login();
      AppController.meanwhile = () => post('note', { note: 'theirs' }, cookie);
      await post('during', {}, cookie);
    },
    async gone() {
      const cookie = await login();
      AppController.meanwhile = () => post('logout', {}, cookie);
      await post('during', {}, cookie);
    },
    'owner-switched': async () => post('switch', {}, await login()),
    'not-begun': () => post('not-begun', {}),
    acting: async () => post('act', {}, await login()),
    async insecure() {
      await app.close();
      await start({ cookie: { secure: true } });
      await login();
    },
  };

  it.each(Object.entries(acts) as Array<[SessionEvent['type'], () => Promise<unknown>]>)(
    'reports %s once, with the name of the session',
    async (type, act) => {
      await act();
      expect(of(type)).toMatchObject([{ session: 'user' }]);
    },
  );
});
