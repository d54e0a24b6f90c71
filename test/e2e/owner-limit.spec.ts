import { Body, ConflictException, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import {
  CurrentSession,
  Session,
  SessionLimitError,
  SessionOwner,
  Sessions,
  SessionsModule,
  SessionsService,
  SessionStorageMemory,
  type RequestSessions,
  type SessionEvent,
} from 'nestjs-sessions';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { ask, postJson, type Answer } from '../support/client.js';
import { hashSessionId } from '../../src/tracker/session-id-provider.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('user', { tracker: 'by-id', maxPerOwner: 2 })
class UserSession {
  @SessionOwner() userId?: string;
  cart?: string;
}

@Session('strict', { tracker: 'by-id', maxPerOwner: { limit: 1, beyond: 'refuse' } })
class StrictSession {
  @SessionOwner() userId?: string;
  cart?: string;
}

@Session('planned', {
  tracker: 'by-id',
  maxPerOwner: ({ plan }: PlannedSession) => {
    if (plan === 'broken') return Number.NaN;
    if (plan === 'failing') throw new ConflictException('no plan');
    return plan === 'all' ? null : { limit: plan === 'family' ? 2 : 1, beyond: 'refuse' };
  },
})
class PlannedSession {
  @SessionOwner() userId?: string;
  plan = '';
}

interface Refused {
  readonly message: string;
  readonly sessions: ReadonlyArray<{ handle: string; createdAt: string; renewedAt: string }>;
}

@Controller()
class AppController {
  constructor(private readonly service: SessionsService) {}

  @Get('planned') planned(@CurrentSession({ optional: true }) session?: PlannedSession) {
    return session ?? {};
  }
  @Post('planned/login/:id') @HttpCode(200) async loginPlanned(
    @Param('id') id: string,
    @Body() { plan, end }: { plan: string; end?: string },
    @Sessions() sessions: RequestSessions,
  ) {
    if (end !== undefined) await this.service.revoke(PlannedSession, end, { owner: id });
    await sessions.login(PlannedSession, id, { plan });
    try {
      await sessions.save();
    } catch (error) {
      if (!(error instanceof SessionLimitError)) throw error;
      throw new ConflictException({ message: `Choose one of ${error.limit}.`, sessions: error.sessions });
    }
  }
  @Get('user') user(@CurrentSession({ optional: true }) session?: UserSession) {
    return session ?? {};
  }
  @Post('user/cart') @HttpCode(200) fill(@CurrentSession() session: UserSession) {
    session.cart = 'full';
  }
  @Post('user/login/:id') @HttpCode(200) login(@CurrentSession() session: UserSession, @Param('id') id: string) {
    session.userId = id;
  }
  @Post('user/again/:id') @HttpCode(200) again(@Sessions() sessions: RequestSessions, @Param('id') id: string) {
    sessions.clear(UserSession);
    sessions.set(Object.assign(new UserSession(), { userId: id }));
  }
  @Get('strict') strict(@CurrentSession({ optional: true }) session?: StrictSession) {
    return session ?? {};
  }
  @Post('strict/cart') @HttpCode(200) fillStrict(@CurrentSession() session: StrictSession) {
    session.cart = 'full';
  }
  @Post('strict/login/:id') @HttpCode(200) loginStrict(
    @CurrentSession() session: StrictSession,
    @Param('id') id: string,
  ) {
    session.userId = id;
  }
  @Post('strict/logout') @HttpCode(200) logoutStrict(@Sessions() sessions: RequestSessions) {
    sessions.clear(StrictSession);
  }
  @Post('strict/explain/:id') @HttpCode(200) async explain(
    @CurrentSession() session: StrictSession,
    @Sessions() sessions: RequestSessions,
    @Param('id') id: string,
  ) {
    session.userId = id;
    try {
      await sessions.save();
    } catch (error) {
      if (error instanceof SessionLimitError) return `You may use ${error.limit} device.`;
      throw error;
    }
    return 'Welcome.';
  }
}

describe.each(platforms)('a limit of sessions per owner, on $name', (platform) => {
  const events: SessionEvent[] = [];
  const clock = new FakeClock();
  let running: RunningApp;
  let owners = 0;
  let owner: string;

  beforeAll(async () => {
    const options = {
      sessions: [UserSession, StrictSession, PlannedSession],
      onEvent: (event: SessionEvent) => events.push(event),
    };
    running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({ ...options, now: clock.now, storage: new SessionStorageMemory({ now: clock.now }) }),
      ],
      controllers: [AppController],
    });
  });
  afterAll(() => running.close());
  beforeEach(() => {
    events.length = 0;
    owner = `u${owners++}`;
  });

  const get = (path: string, cookie?: string): Promise<Answer> => ask(`${running.url}/${path}`, { cookie });
  const post = (path: string, cookie?: string): Promise<Answer> =>
    ask(`${running.url}/${path}`, { cookie, method: 'POST' });
  const login = async (session: 'user' | 'strict'): Promise<string> =>
    (await post(`${session}/login/${owner}`)).cookie(session);
  const revoked = () => events.filter(({ type }) => type === 'revoked');

  it('signs out the oldest device at one login too many, with an event', async () => {
    const [first, second] = [await login('user'), await login('user')];
    const anonymous = (await post('user/cart')).cookie('user');
    const third = await post(`user/login/${owner}`, anonymous);
    expect(third.status).toBe(200);
    const gone = await get('user', first);
    expect([gone.status, gone.json(), gone.setCookie('user')]).toEqual([200, {}, expect.stringContaining('user=;')]);
    expect((await get('user', second)).json()).toEqual({ userId: owner });
    expect((await get('user', third.cookie('user'))).json()).toEqual({ userId: owner, cart: 'full' });
    expect(revoked()).toEqual([
      { type: 'revoked', session: 'user', count: 1, handles: [hashSessionId(first.slice('user='.length))] },
    ]);
  });

  it('signs out no session when a user signs in again on the same device', async () => {
    const [first, second] = [await login('user'), await login('user')];
    const again = (await post(`user/again/${owner}`, second)).cookie('user');
    expect((await get('user', first)).json()).toEqual({ userId: owner });
    expect((await get('user', again)).json()).toEqual({ userId: owner });
    expect((await get('user', second)).json()).toEqual({});
    expect(revoked()).toEqual([]);
  });

  it('refuses the login with 409 with beyond: refuse, and keeps the previous session', async () => {
    const first = await login('strict');
    const anonymous = (await post('strict/cart')).cookie('strict');
    const refused = await post(`strict/login/${owner}`, anonymous);
    expect([refused.status, refused.setCookies]).toEqual([409, []]);
    expect(refused.json()).toMatchObject({
      statusCode: 409,
      message: expect.stringContaining('Sign out elsewhere first.'),
    });
    expect((await get('strict', anonymous)).json()).toEqual({ cart: 'full' });
    expect((await get('strict', first)).json()).toEqual({ userId: owner });
    await post('strict/logout', first);
    expect((await post(`strict/login/${owner}`, anonymous)).status).toBe(200);
  });

  const loginPlanned = (plan: string, end?: string): Promise<Answer> =>
    postJson(`${running.url}/planned/login/${owner}`, { plan, end });

  it('can be a function of the session', async () => {
    expect([(await loginPlanned('single')).status, (await loginPlanned('single')).status]).toEqual([200, 409]);
    expect([(await loginPlanned('family')).status, (await loginPlanned('family')).status]).toEqual([200, 409]);
    expect((await loginPlanned('all')).status).toBe(200);
    const broken = [await loginPlanned('broken'), await loginPlanned('failing')];
    expect(broken.map(({ status, setCookies }) => [status, setCookies])).toEqual([
      [500, []],
      [409, []],
    ]);
    expect(broken[1]!.json()).toMatchObject({ message: 'no plan' });
  });

  it('returns the other sessions with the refusal, so that one of them can be ended', async () => {
    const start = clock.now();
    const first = (await loginPlanned('family')).cookie('planned');
    clock.advance(60_000);
    const second = (await loginPlanned('family')).cookie('planned');
    clock.advance(24 * 3_600_000);
    await get('planned', first);
    const refused = await loginPlanned('family');
    expect([refused.status, refused.setCookies]).toEqual([409, []]);
    const { message, sessions } = refused.json<Refused>();
    expect([message, sessions.map(({ createdAt }) => Date.parse(createdAt) - start)]).toEqual([
      'Choose one of 2.',
      [60_000, 0],
    ]);
    expect(sessions.map(({ renewedAt }) => Date.parse(renewedAt) - start)).toEqual([60_000, 60_000 + 24 * 3_600_000]);
    const chosen = await loginPlanned('family', sessions[0]!.handle);
    expect(chosen.status).toBe(200);
    expect((await get('planned', second)).json()).toEqual({});
    expect((await get('planned', first)).json()).toMatchObject({ userId: owner });
  });

  it('shows no other session in the default response', async () => {
    await login('strict');
    const refused = await post(`strict/login/${owner}`);
    expect(Object.keys(refused.json<object>()).sort()).toEqual(['message', 'statusCode']);
  });

  it('lets a handler send its own response if it calls save', async () => {
    await login('strict');
    const anonymous = (await post('strict/cart')).cookie('strict');
    const refused = await post(`strict/explain/${owner}`, anonymous);
    expect([refused.status, refused.text, refused.setCookies]).toEqual([200, 'You may use 1 device.', []]);
    expect((await get('strict', anonymous)).json()).toEqual({ cart: 'full' });
  });
});
