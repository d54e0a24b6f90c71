import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import cookieParser from 'cookie-parser';
import { doubleCsrf } from 'csrf-csrf';
import type { Request, Response } from 'express';
import { createHmac } from 'node:crypto';
import {
  CurrentSession,
  Session,
  SessionOwner,
  Sessions,
  SessionsModule,
  sessionsOf,
  type RequestSessions,
} from 'nestjs-sessions';
import { ask, type Answer } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('visitor', { tracker: 'by-id' })
class VisitorSession {
  visits = 0;
  @SessionOwner() user?: string;
}

@Session('note')
class NoteSession {
  text = '';
}

/** A CSRF token from the synchronous id, as libraries create it. */
const tokenOf = (id: string | undefined): string =>
  createHmac('sha256', 'the secret of the tokens')
    .update(id ?? 'nobody')
    .digest('hex');

interface Form {
  readonly token: string;
  readonly before: string | null;
  readonly id: string | null;
}

@Controller()
class TokenController {
  @Get('form') async form(@Sessions() sessions: RequestSessions): Promise<Form> {
    const before = sessions.idNow(VisitorSession) ?? null;
    const session = await sessions.getOrSet(VisitorSession, () => new VisitorSession());
    session.visits += 1;
    const id = sessions.idNow(VisitorSession);
    return { token: tokenOf(id), before, id: id ?? null };
  }
  @Get('parameter') parameter(@CurrentSession() session: VisitorSession, @Req() request: object): Form {
    session.visits += 1;
    const id = sessionsOf(request).idNow(VisitorSession);
    return { token: tokenOf(id), before: null, id: id ?? null };
  }
  @Post('order') order(
    @CurrentSession() _session: VisitorSession,
    @Sessions() sessions: RequestSessions,
    @Req() request: { headers: Record<string, string> },
  ) {
    const id = sessions.idNow(VisitorSession);
    return { accepted: request.headers['x-token'] === tokenOf(id), id };
  }
  @Get('id') async id(@Sessions() sessions: RequestSessions) {
    return { id: await sessions.id(VisitorSession) };
  }
  @Get('look') async look(@Sessions() sessions: RequestSessions) {
    await sessions.get(VisitorSession);
    return { id: sessions.idNow(VisitorSession) ?? null };
  }
  @Post('login') async login(@Sessions() sessions: RequestSessions) {
    await sessions.login(VisitorSession, 'ada');
  }
  @Post('logout') async logout(@Sessions() sessions: RequestSessions) {
    await sessions.get(VisitorSession);
    sessions.logout(VisitorSession);
    return { id: sessions.idNow(VisitorSession) ?? null };
  }
  @Get('by-value') byValue(@CurrentSession() _note: NoteSession, @Sessions() sessions: RequestSessions) {
    return sessions.idNow(NoteSession);
  }
}

describe.each(platforms)('the synchronous id of a session, on $name', (platform) => {
  let running: RunningApp;
  beforeAll(async () => {
    running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [VisitorSession, NoteSession] })],
      controllers: [TokenController],
    });
  });
  afterAll(() => running.close());

  const order = (cookie: string, token: string): Promise<Answer> =>
    ask(`${running.url}/order`, { method: 'POST', cookie, headers: { 'x-token': token } });
  const post = (path: string, cookie: string): Promise<Answer> => ask(running.url + path, { method: 'POST', cookie });

  it.each(['form', 'parameter'])(
    'is that of a new session before it is stored, so its CSRF token is valid: /%s',
    async (path) => {
      const first = await ask(`${running.url}/${path}`);
      const cookie = first.cookie('visitor');
      const { token, before, id } = first.json<Form>();
      expect(before).toBeNull();
      expect((await ask(`${running.url}/id`, { cookie })).json()).toEqual({ id });
      expect((await order(cookie, token)).json()).toEqual({ accepted: true, id });
      expect((await order(cookie, token)).json()).toMatchObject({ accepted: true });
    },
  );

  it('refuses the token of another session, and a token without a session', async () => {
    const [hers, his] = [await ask(`${running.url}/form`), await ask(`${running.url}/form`)];
    for (const token of [his.json<Form>().token, tokenOf(undefined)]) {
      expect((await order(hers.cookie('visitor'), token)).json()).toMatchObject({ accepted: false });
    }
  });

  it('is that of the client after the session is loaded, and undefined before', async () => {
    const first = await ask(`${running.url}/form`);
    const again = await ask(`${running.url}/form`, { cookie: first.cookie('visitor') });
    expect(again.json()).toEqual(first.json());
  });

  it('is undefined without a session and after a logout', async () => {
    expect((await ask(`${running.url}/look`)).json()).toEqual({ id: null });
    const cookie = (await ask(`${running.url}/form`)).cookie('visitor');
    expect((await post('/logout', cookie)).json()).toEqual({ id: null });
    expect((await ask(`${running.url}/look`, { cookie })).json()).toEqual({ id: null });
  });

  it('changes at login, so that an earlier token is refused', async () => {
    const first = await ask(`${running.url}/form`);
    const cookie = (await post('/login', first.cookie('visitor'))).cookie('visitor');
    expect((await order(cookie, first.json<Form>().token)).json()).toMatchObject({ accepted: false });
    const { token } = (await ask(`${running.url}/form`, { cookie })).json<Form>();
    expect((await order(cookie, token)).json()).toMatchObject({ accepted: true });
  });

  it('is refused for a by-value session', async () => {
    expect((await ask(`${running.url}/by-value`)).status).toBe(500);
  });
});

describe('csrf-csrf by idNow, on express', () => {
  const { doubleCsrfProtection, generateCsrfToken } = doubleCsrf({
    getSecret: () => 'the secret of the tokens',
    getSessionIdentifier: (request) => sessionsOf(request).idNow(VisitorSession) ?? '',
    cookieName: 'csrf',
    cookieOptions: { secure: false, sameSite: 'lax' },
  });

  @Controller()
  class PayController {
    @Get('form') form(
      @CurrentSession() session: VisitorSession,
      @Req() request: Request,
      @Res({ passthrough: true }) response: Response,
    ) {
      session.visits += 1;
      return generateCsrfToken(request, response);
    }
    @Post('pay') pay() {
      return 'paid';
    }
  }

  it('accepts a token of a new session, and refuses that of another', async () => {
    const running = await startApp(platforms[0]!, {
      imports: [SessionsModule.forRoot({ sessions: [VisitorSession] })],
      controllers: [PayController],
      prepare: (app) => {
        app.use(cookieParser());
        app.use(async (request: object, _: object, next: () => void) => {
          await sessionsOf(request).get(VisitorSession);
          next();
        });
        app.use(doubleCsrfProtection);
      },
    });
    const pay = async (session: Answer, form: Answer): Promise<number> => {
      const cookie = `${session.cookie('visitor')}; ${form.cookie('csrf')}`;
      return (await ask(`${running.url}/pay`, { method: 'POST', cookie, headers: { 'x-csrf-token': form.text } }))
        .status;
    };
    const [hers, his] = [await ask(`${running.url}/form`), await ask(`${running.url}/form`)];
    expect(await pay(hers, hers)).toBe(201);
    expect(await pay(hers, his)).toBe(403);
    await running.close();
  });
});
