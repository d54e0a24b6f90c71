import { Controller, Get, Req, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { CurrentSession, Session, sessionsOf, SessionsModule } from 'nestjs-sessions';
import { ask } from '../support/client.js';
import { platforms, startApp } from '../support/platforms.js';
import { talk } from '../support/talk.js';

@Session('visit', { tracker: 'by-id' })
class Visit {
  paths: string[] = [];
}

/** Node's requests of routes that use no session. */
const untouched: IncomingMessage[] = [];

@Controller()
class PathController {
  @Get('counted/:name') counted(@CurrentSession() visit: Visit): string {
    return visit.paths.join();
  }

  @Get('untouched') untouched(@Req() request: { raw?: IncomingMessage } & IncomingMessage): string {
    untouched.push(request.raw ?? request);
    return 'untouched';
  }
}

class CountingModule implements NestModule {
  // On Fastify, middleware gets only Node's request and response.
  configure(consumer: MiddlewareConsumer): void {
    consumer
      .apply(async (request: IncomingMessage & { originalUrl: string }, _: unknown, next: () => void) => {
        const visit = await sessionsOf(request).getOrSet(Visit, () => new Visit());
        visit.paths.push(request.originalUrl);
        next();
      })
      .forRoutes('counted/*splat');
  }
}

describe.each(platforms)('requests that only exist as those of Node, on $name', (platform) => {
  let url: string;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [Visit] }), CountingModule],
      controllers: [PathController],
    });
    ({ url } = running);
    close = () => running.close();
  });
  afterAll(() => close());

  it('give middleware their sessions, and send the cookies', async () => {
    const first = await ask(`${url}/counted/a`);
    expect(first.text).toBe('/counted/a');
    const again = await ask(`${url}/counted/b`, { cookie: first.cookie('visit') });
    expect(again.text).toBe('/counted/a,/counted/b');
  });

  it('also work while the previous response of the connection is not complete', async () => {
    const request = (name: string, more = ''): string => `GET /counted/${name} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
    const received = await talk(url, request('a') + request('b') + request('c', 'Connection: close\r\n'));
    const answers = received.split('HTTP/1.1 ').slice(1);
    expect(answers.map((answer) => answer.slice(answer.indexOf('\r\n\r\n') + 4))).toEqual([
      '/counted/a',
      '/counted/b',
      '/counted/c',
    ]);
    const cookies = answers.map((answer) => /\r\nset-cookie: visit=([^;]+)/i.exec(answer)?.[1]);
    expect(new Set(cookies).size).toBe(3);
    expect(cookies).not.toContain(undefined);
  });

  it('are not marked if sessions are not used', async () => {
    await ask(`${url}/untouched`);
    const marks = Object.getOwnPropertySymbols(untouched.pop()).map(({ description }) => description);
    expect(marks.filter((mark) => mark?.startsWith('nestjs-sessions'))).toEqual([]);
  });
});
