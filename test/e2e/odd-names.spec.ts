import { Controller, Get, Post } from '@nestjs/common';
import { Sessions, SessionsModule, type RequestSessions } from 'nestjs-sessions';
import { ask } from '../support/client.js';
import { platforms, startApp } from '../support/platforms.js';

class Visit {
  count = 0;
}

@Controller()
class VisitController {
  @Post() async visit(@Sessions() sessions: RequestSessions): Promise<void> {
    (await sessions.getOrSet(Visit, () => new Visit())).count++;
  }

  @Get() async count(@Sessions() sessions: RequestSessions): Promise<object> {
    return { count: (await sessions.get(Visit))?.count ?? null };
  }
}

describe.each(platforms)('a session with the name of an object member, on $name', (platform) => {
  it.each(
    ['__proto__', 'constructor', 'toString', 'hasOwnProperty'].flatMap((name) => [
      [name, 'by-value'] as const,
      [name, 'by-id'] as const,
    ]),
  )('works in a cookie: %s, %s', async (name, tracker) => {
    const app = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [{ type: Visit, name, tracker }] })],
      controllers: [VisitController],
    });
    try {
      const first = await ask(app.url, { method: 'POST' });
      const cookie = first.cookie(name);
      expect([first.status, cookie.startsWith(`${name}=`)]).toEqual([201, true]);
      const second = await ask(app.url, { method: 'POST', cookie });
      expect((await ask(app.url, { cookie: second.cookie(name) || cookie })).json()).toEqual({ count: 2 });
      expect((await ask(app.url, { cookie: `${name}=nonsense` })).json()).toEqual({ count: null });
    } finally {
      await app.close();
    }
  });

  it.each(['__proto__', 'constructor'])('is refused at start in a header: %s', async (name) => {
    const imports = [SessionsModule.forRoot({ sessions: [{ type: Visit, name, transport: 'header' as const }] })];
    await expect((async () => startApp(platform, { imports }))()).rejects.toThrow(name);
  });

  it('ignores a client header of such a name', async () => {
    const app = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [{ type: Visit, name: 'x-visit', transport: 'header' }] })],
      controllers: [VisitController],
    });
    try {
      for (const header of ['__proto__', 'constructor']) {
        const answer = await ask(app.url, { headers: { [header]: 'value' } });
        expect([answer.status, answer.json()]).toEqual([200, { count: null }]);
      }
    } finally {
      await app.close();
    }
  });
});
