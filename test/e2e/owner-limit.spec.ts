import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import {
  CurrentSession,
  Session,
  SessionLimitError,
  SessionOwner,
  Sessions,
  SessionsModule,
  SessionStorageMemory,
  type RequestSessions,
  type SessionEvent,
} from 'nestjs-sessions';
import { ask, type Answer } from '../support/client.js';
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

@Controller()
class AppController {
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
  let running: RunningApp;
  let owners = 0;
  let owner: string;

  beforeAll(async () => {
    const options = { sessions: [UserSession, StrictSession], onEvent: (event: SessionEvent) => events.push(event) };
    running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ ...options, storage: new SessionStorageMemory() })],
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

  it('signs the oldest device out when one more signs in, with an event', async () => {
    const [first, second] = [await login('user'), await login('user')];
    const anonymous = (await post('user/cart')).cookie('user');
    const third = await post(`user/login/${owner}`, anonymous);
    expect(third.status).toBe(200);
    const gone = await get('user', first);
    expect([gone.status, gone.json(), gone.setCookie('user')]).toEqual([200, {}, expect.stringContaining('user=;')]);
    expect((await get('user', second)).json()).toEqual({ userId: owner });
    expect((await get('user', third.cookie('user'))).json()).toEqual({ userId: owner, cart: 'full' });
    expect(revoked()).toEqual([{ type: 'revoked', session: 'user', count: 1 }]);
  });

  it('signs nobody out for one who signs in again on the same device', async () => {
    const [first, second] = [await login('user'), await login('user')];
    const again = (await post(`user/again/${owner}`, second)).cookie('user');
    expect((await get('user', first)).json()).toEqual({ userId: owner });
    expect((await get('user', again)).json()).toEqual({ userId: owner });
    expect((await get('user', second)).json()).toEqual({});
    expect(revoked()).toEqual([]);
  });

  it('refuses the login with 409 where that was said, and leaves the session from before as it was', async () => {
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

  it('lets a handler answer in its own words, when it saves by itself', async () => {
    await login('strict');
    const anonymous = (await post('strict/cart')).cookie('strict');
    const refused = await post(`strict/explain/${owner}`, anonymous);
    expect([refused.status, refused.text, refused.setCookies]).toEqual([200, 'You may use 1 device.', []]);
    expect((await get('strict', anonymous)).json()).toEqual({ cart: 'full' });
  });
});
