import {
  Controller,
  Get,
  Header,
  HttpCode,
  Post,
  Redirect,
  Render,
  Req,
  Res,
  Sse,
  StreamableFile,
  type INestApplication,
  type MessageEvent,
} from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { concat, defer, delay, from, map, of, timer } from 'rxjs';
import { CurrentSession, sessionsOf, SessionsModule, type SessionEvent } from 'nestjs-sessions';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';
import { rawOf, RecordingStorage, send, Visit, watchUncaught } from './hold-support.js';

const require = createRequire(import.meta.url);
// Has no types.
const hbs = require('hbs') as { readonly handlebars: object };
const nest = Number.parseInt((require('@nestjs/core/package.json') as { version: string }).version, 10);

const views = mkdtempSync(join(tmpdir(), 'hold-views-'));
writeFileSync(join(views, 'page.hbs'), '<p>{{count}}</p>');
afterAll(() => rmSync(views, { recursive: true }));

/** Every kind of handler response. Each adds one to the session. */
@Controller()
class HandlersController {
  @Get('peek') peek(@CurrentSession({ optional: true }) visit?: Visit) {
    return { count: visit?.count ?? null };
  }
  @Get('string') string(@CurrentSession() visit: Visit) {
    return `visit ${++visit.count}`;
  }
  @Get('object') object(@CurrentSession() visit: Visit) {
    return { visit: ++visit.count };
  }
  @Get('undefined') undefined(@CurrentSession() visit: Visit) {
    visit.count++;
  }
  @Get('null') null(@CurrentSession() visit: Visit) {
    visit.count++;
    return null;
  }
  @Post('created') created(@CurrentSession() visit: Visit) {
    return { visit: ++visit.count };
  }
  @Get('promise') async promise(@CurrentSession() visit: Visit) {
    await new Promise((resolve) => setImmediate(resolve));
    return `visit ${++visit.count}`;
  }
  @Get('observable') observable(@CurrentSession() visit: Visit) {
    return from(['first', 'second', 'last']).pipe(
      map((text) => {
        if (text === 'last') visit.count++;
        return text;
      }),
      delay(5),
    );
  }
  @Get('res-send') resSend(@CurrentSession() visit: Visit, @Res() response: any) {
    response.send(`visit ${++visit.count}`);
  }
  @Get('res-json') resJson(@CurrentSession() visit: Visit, @Res() response: any) {
    const body = { visit: ++visit.count };
    if (response.json) response.json(body);
    else response.send(body);
  }
  @Get('res-redirect') resRedirect(@CurrentSession() visit: Visit, @Res() response: any) {
    visit.count++;
    if (response.raw) response.redirect('/peek', 302);
    else response.redirect('/peek');
  }
  @Get('res-pipe') resPipe(@CurrentSession() visit: Visit, @Res() response: any) {
    visit.count++;
    const stream = Readable.from(['visit ', 'in ', 'pieces']);
    if (response.raw) response.send(stream);
    else stream.pipe(response);
  }
  @Get('raw-pipe') rawPipe(@CurrentSession() visit: Visit, @Res() response: any) {
    visit.count++;
    Readable.from(['visit ', 'in ', 'pieces']).pipe(rawOf(response));
  }
  @Get('raw-end') rawEnd(@CurrentSession() visit: Visit, @Res() response: any) {
    rawOf(response).end(`visit ${++visit.count}`);
  }
  @Get('raw-end-empty') rawEndEmpty(@CurrentSession() visit: Visit, @Res() response: any) {
    visit.count++;
    rawOf(response).end();
  }
  @Get('raw-chunks') rawChunks(@CurrentSession() visit: Visit, @Res() response: any) {
    visit.count++;
    const raw = rawOf(response);
    raw.write('visit ');
    raw.write(Buffer.from('in '));
    raw.end('pieces');
  }
  @Get('late') late(@CurrentSession() visit: Visit, @Res() response: any) {
    setTimeout(() => response.send(`visit ${++visit.count}`), 10);
  }
  @Get('late-raw') lateRaw(@CurrentSession() visit: Visit, @Res() response: any) {
    setTimeout(() => rawOf(response).end(`visit ${++visit.count}`), 10);
  }
  @Get('late-async') async lateAsync(@CurrentSession() visit: Visit, @Res() response: any) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    response.send(`visit ${++visit.count}`);
  }
  @Get('no-interceptor') async noInterceptor(@Req() request: any, @Res() response: any) {
    const visit = await sessionsOf(request).getOrSet(Visit, () => new Visit());
    response.send(`visit ${++visit.count}`);
  }
  @Get('passthrough') passthrough(@CurrentSession() visit: Visit, @Res({ passthrough: true }) response: any) {
    if (response.raw) response.header('x-own', 'kept');
    else response.set('x-own', 'kept');
    return `visit ${++visit.count}`;
  }
  @Get('redirect') @Redirect('/peek', 301) redirect(@CurrentSession() visit: Visit) {
    visit.count++;
  }
  @Get('redirect-dynamic') @Redirect('/nowhere', 301) redirectDynamic(@CurrentSession() visit: Visit) {
    visit.count++;
    return { url: '/peek', statusCode: 307 };
  }
  @Get('file') file(@CurrentSession() visit: Visit) {
    return new StreamableFile(Buffer.from(`visit ${++visit.count}`), { type: 'text/x-visit' });
  }
  @Get('file-stream') fileStream(@CurrentSession() visit: Visit) {
    visit.count++;
    return new StreamableFile(Readable.from([Buffer.from('visit '), Buffer.from('in pieces')]));
  }
  @Get('generator') async *generator(@CurrentSession() visit: Visit) {
    visit.count++;
    yield 'visit ';
    yield 'in pieces';
  }
  @Get('render') @Render('page.hbs') render(@CurrentSession() visit: Visit) {
    return { count: ++visit.count };
  }
  @Get('headers') @Header('X-Own', 'kept') @HttpCode(203) headers(@CurrentSession() visit: Visit) {
    return `visit ${++visit.count}`;
  }
  @Sse('sse') sse(@CurrentSession() visit: Visit) {
    visit.count++;
    return from<MessageEvent[]>([{ data: 'one' }, { data: 'two' }]);
  }
  @Sse('sse-later') sseLater(@CurrentSession() visit: Visit) {
    visit.count++;
    return timer(10).pipe(map((): MessageEvent => ({ data: 'one' })));
  }
  @Sse('sse-throws') sseThrows(@CurrentSession() visit: Visit) {
    visit.count++;
    return concat(
      of<MessageEvent>({ data: 'one' }),
      defer(() => {
        throw new Error('in the middle');
      }),
    );
  }
}

function prepareViews(app: INestApplication): void {
  if (app.getHttpAdapter().getType() === 'fastify') {
    (app as NestFastifyApplication).setViewEngine({ engine: { handlebars: hbs.handlebars }, templates: views });
    return;
  }
  (app as NestExpressApplication).setBaseViewsDir(views);
  (app as NestExpressApplication).setViewEngine('hbs');
}

const PIECES = 'visit in pieces';

/** Path, status, and text in the body of the first visit. */
const rows: Array<[path: string, status: number, body: string | RegExp, method?: string]> = [
  ['string', 200, 'visit 1'],
  ['object', 200, '{"visit":1}'],
  ['undefined', 200, ''],
  ['null', 200, /^(null)?$/],
  ['created', 201, '{"visit":1}', 'POST'],
  ['promise', 200, 'visit 1'],
  ['observable', 200, 'last'],
  ['res-send', 200, 'visit 1'],
  ['res-json', 200, '{"visit":1}'],
  ['res-redirect', 302, /^$|Found/],
  ['res-pipe', 200, PIECES],
  ['raw-pipe', 200, PIECES],
  ['raw-end', 200, 'visit 1'],
  ['raw-end-empty', 200, ''],
  ['raw-chunks', 200, PIECES],
  ['late', 200, 'visit 1'],
  ['late-raw', 200, 'visit 1'],
  ['late-async', 200, 'visit 1'],
  ['no-interceptor', 200, 'visit 1'],
  ['passthrough', 200, 'visit 1'],
  ['redirect', 301, /^$|Moved/],
  ['redirect-dynamic', 307, /^$|Redirect/],
  ['file', 200, 'visit 1'],
  ['file-stream', 200, PIECES],
  // Nest 11 has no such handlers.
  ...(nest >= 12 ? [['generator', 200, PIECES] as [string, number, string]] : []),
  ['render', 200, '<p>1</p>'],
  ['headers', 203, 'visit 1'],
  ['sse', 200, '\nid: 1\ndata: one\n\nid: 2\ndata: two\n\n'],
  ['sse-later', 200, '\nid: 1\ndata: one\n\n'],
  ['sse-throws', 200, /data: one\n\nevent: error\n/],
];

describe.each(platforms)('the session is stored before the head is sent, for any handler, on $name', (platform) => {
  const storage = new RecordingStorage();
  const events: SessionEvent[] = [];
  let running: RunningApp;
  watchUncaught();

  beforeAll(async () => {
    storage.delayInMilliseconds = 20;
    running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          sessions: [{ type: Visit, storage }],
          onEvent: (event) => events.push(event),
        }),
      ],
      controllers: [HandlersController],
      prepare: prepareViews,
    });
  });
  afterAll(() => running.close());
  beforeEach(() => {
    storage.taken();
    events.length = 0;
  });

  const arrive = (): void => void storage.sequence.push('the head arrives');

  it.each(rows)('%s', async (path, status, body, method = 'GET') => {
    const first = await send(`${running.url}/${path}`, { method, onHead: arrive });
    expect(storage.taken()).toEqual(['write begins', 'write ends', 'the head arrives']);
    expect(first.status).toBe(status);
    expect(first.text).toEqual(typeof body === 'string' ? body : expect.stringMatching(body));
    expect(first.broken).toBe(false);
    expect(first.all('cache-control').join()).toContain('no-store');
    expect(first.all('vary').join()).toMatch(/\bCookie\b/);

    const cookie = first.cookie('visit');
    const second = await send(`${running.url}/${path}`, { method, cookie, onHead: arrive });
    expect(storage.taken()).toEqual(['replace begins', 'replace ends', 'the head arrives']);
    expect(second.status).toBe(status);
    // The same id is not sent again.
    expect(second.cookies('visit')).toHaveLength(0);
    expect((await send(`${running.url}/peek`, { cookie })).text).toBe('{"count":2}');
    expect(events.map((event) => event.type)).toEqual(['created', 'loaded', 'changed', 'loaded']);
  });

  it('a client that follows a redirect finds the stored session', async () => {
    const first = await send(`${running.url}/redirect`);
    expect(first.all('location')).toEqual(['/peek']);
    const followed = await send(running.url + first.all('location')[0]!, { cookie: first.cookie('visit') });
    expect(followed.text).toBe('{"count":1}');
  });

  it('a session that was only read is not written or sent, and the response is not held', async () => {
    const cookie = (await send(`${running.url}/string`)).cookie('visit');
    storage.taken();
    const answer = await send(`${running.url}/peek`, { cookie, onHead: arrive });
    expect(storage.taken()).toEqual(['the head arrives']);
    expect(answer.all('set-cookie')).toEqual([]);
    expect(answer.all('cache-control')).toEqual([]);
    expect(answer.all('vary')).toEqual(['Cookie']);
  });

  it('headers of the application are kept: @Header, passthrough, the type of a file', async () => {
    expect((await send(`${running.url}/headers`)).all('x-own')).toEqual(['kept']);
    expect((await send(`${running.url}/passthrough`)).all('x-own')).toEqual(['kept']);
    expect((await send(`${running.url}/file`)).all('content-type')).toEqual(['text/x-visit']);
    expect((await send(`${running.url}/sse`)).all('content-type')).toEqual(['text/event-stream']);
  });
});
