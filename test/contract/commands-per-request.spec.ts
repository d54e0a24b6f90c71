import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import {
  CurrentSession,
  generateSessionId,
  Session,
  SessionOwner,
  Sessions,
  SessionsModule,
  type RequestSessions,
} from 'nestjs-sessions';
import { ask, type Answer } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { countedEngines, type CountedStorage } from './counted-storages.js';

@Session('visitor', { tracker: 'by-id' })
class Visitor {
  @SessionOwner() userId?: string;
  visits = 0;
}

@Controller()
class VisitorController {
  @Get('untouched') untouched() {
    return 'untouched';
  }
  @Get('visits') visits(@CurrentSession({ optional: true }) visitor?: Visitor) {
    return `${visitor?.visits ?? 'none'}`;
  }
  @Post('visit') @HttpCode(200) visit(@CurrentSession() visitor: Visitor) {
    visitor.visits++;
  }
  @Post('login') @HttpCode(200) login(@CurrentSession() visitor: Visitor) {
    visitor.userId = 'u1';
  }
  @Post('logout') @HttpCode(200) logout(@Sessions() sessions: RequestSessions) {
    sessions.clear(Visitor);
  }
}

describe.each(countedEngines)('what one request asks of $name', ({ start, read, change, create, login, logout }) => {
  describe.each(platforms)('on $name', (platform) => {
    let counted: CountedStorage;
    let running: RunningApp;
    beforeAll(async () => {
      counted = await start();
      running = await startApp(platform, {
        imports: [SessionsModule.forRoot({ keys: generateSessionId(), sessions: [Visitor], storage: counted.storage })],
        controllers: [VisitorController],
      });
      // Tables are made, and scripts are known from here on.
      const cookie = await post('login');
      await post('visit', cookie);
      await post('logout', cookie);
    });
    afterAll(async () => {
      await running.close();
      await counted.close();
    });

    const get = (path: string, cookie?: string): Promise<Answer> => ask(`${running.url}/${path}`, { cookie });

    /** @returns the cookie of the session that there is then. */
    async function post(path: string, cookie?: string): Promise<string> {
      const answer = await ask(`${running.url}/${path}`, { cookie, method: 'POST' });
      expect(answer.status).toBe(200);
      return answer.cookie('visitor') || cookie!;
    }

    async function during(request: () => Promise<unknown>): Promise<readonly string[]> {
      await counted.taken();
      await request();
      return counted.taken();
    }

    it('is no command without use of a session, or without a cookie', async () => {
      const cookie = await post('visit');
      expect(await during(() => get('untouched', cookie))).toEqual([]);
      expect(await during(() => get('visits'))).toEqual([]);
    });

    it(`is one ${read} and no write for a session that is only read, and for an unknown one`, async () => {
      const cookie = await post('visit');
      expect(await during(async () => expect((await get('visits', cookie)).text).toBe('1'))).toEqual([read]);
      const unknown = `visitor=${generateSessionId()}`;
      expect(await during(async () => expect((await get('visits', unknown)).text).toBe('none'))).toEqual([read]);
    });

    it(`is one ${read} and one ${change} for a session that is changed`, async () => {
      const cookie = await post('login');
      expect(await during(() => post('visit', cookie))).toEqual([read, change]);
    });

    it(`is ${create.join(' and ')} for a login without a session before`, async () => {
      expect(await during(() => post('login'))).toEqual(create);
    });

    it(`is one ${read}, then ${login.join(', ')} for a login that gives a session its owner`, async () => {
      const cookie = await post('visit');
      expect(await during(() => post('login', cookie))).toEqual([read, ...login]);
    });

    it(`is one ${read}, then ${logout.join(', ')} for a logout`, async () => {
      const cookie = await post('login');
      expect(await during(() => post('logout', cookie))).toEqual([read, ...logout]);
    });
  });
});
