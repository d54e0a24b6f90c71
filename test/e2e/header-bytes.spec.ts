import { Controller, Get, Param, Res, Sse, StreamableFile } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { once } from 'node:events';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { Readable } from 'node:stream';
import { CurrentSession, Session, SessionsModule } from 'nestjs-sessions';
import { of } from 'rxjs';
import { kotlinFields, ktor, string } from 'nestjs-sessions/ktor';
import { platforms, startApp, type Platform, type RunningApp } from '../support/platforms.js';
import { rawAnswer } from '../support/raw-answer.js';

// UTF-8 from the client, which Node reads as Latin-1.
const NAME = 'René 漢字 🙂';
const UTF8 = Buffer.from(NAME, 'utf8').toString('latin1');

@Session('X-Hd')
class HeaderSession {
  id = '';
}
kotlinFields(HeaderSession, { id: string() });

@Session('raw')
class RawCookie {
  id = '';
}
kotlinFields(RawCookie, { id: string() });

const plain = { serialize: ({ id }: { id: string }) => id };
const bodies: Readonly<Record<string, (response: any) => void>> = {
  'a text': (response) => response.end('né'),
  'a text in Latin-1': (response) => response.end('né', 'latin1'),
  'a text and a callback': (response) => response.end('né', () => {}),
  'a text of known length': (response) => {
    response.setHeader('content-length', 3);
    response.write('né');
    response.end();
  },
  'chunks of text': (response) => {
    response.write('n');
    response.end('é');
  },
  'a Buffer': (response) => response.end(Buffer.from('né')),
  'a stream': (response) => Readable.from([Buffer.from('né')]).pipe(response),
  'a whole head and a text': (response) => response.writeHead(200, { 'content-type': 'text/plain' }).end('né'),
  'a head that was flushed': (response) => {
    response.flushHeaders();
    response.end('né');
  },
  nothing: (response) => response.end(),
};

/** Return values of handlers. */
const results: Readonly<Record<string, () => unknown>> = {
  'a returned text': () => 'né',
  'a returned object': () => ({ name: 'né' }),
  'a returned Buffer': () => new StreamableFile(Buffer.from('né')),
  'a returned stream': () => new StreamableFile(Readable.from([Buffer.from('n'), Buffer.from('é')])),
  'a returned nothing': () => undefined,
};

/** Responses through the platform's response object. */
const sent: Readonly<Record<string, (response: any) => unknown>> = {
  'a sent text': (response) => response.send('né'),
  'a sent Buffer': (response) => response.send(Buffer.from('né')),
  'a sent object': (response) => response.send({ name: 'né' }),
  'a redirect': (response) => (response.raw ? response.redirect('/elsewhere', 302) : response.redirect('/elsewhere')),
  'no content': (response) => response.status(204).send(),
};
const EMPTY: readonly string[] = ['nothing', 'a returned nothing', 'a redirect', 'no content'];

@Controller()
class Bytes {
  @Get('result/:name') result(
    @CurrentSession() header: HeaderSession,
    @CurrentSession() raw: RawCookie,
    @Param('name') name: string,
  ) {
    header.id = NAME;
    raw.id = NAME;
    return results[name]!();
  }

  @Get('sent/:name') sent(
    @CurrentSession() header: HeaderSession,
    @CurrentSession() raw: RawCookie,
    @Param('name') name: string,
    @Res() response: any,
  ) {
    header.id = NAME;
    raw.id = NAME;
    return void sent[name]!(response);
  }

  @Get('own/:name') own(
    @CurrentSession() header: HeaderSession,
    @CurrentSession() raw: RawCookie,
    @Param('name') name: string,
    @Res() response: any,
  ) {
    header.id = NAME;
    raw.id = NAME;
    response.hijack?.();
    bodies[name]!(response.raw ?? response);
  }

  @Sse('events') events(@CurrentSession() header: HeaderSession, @CurrentSession() raw: RawCookie) {
    header.id = NAME;
    raw.id = NAME;
    return of({ data: 'né' });
  }

  @Get('read') read(
    @CurrentSession({ optional: true }) header?: HeaderSession,
    @CurrentSession({ optional: true }) raw?: RawCookie,
  ): object {
    return { header: header?.id, raw: raw?.id };
  }
}

const pathsOf = (folder: string, table: object): Array<[string, string]> =>
  Object.keys(table).map((name) => [name, `/${folder}/${encodeURIComponent(name)}`]);
const paths = [
  ...pathsOf('result', results),
  ['a stream of events', '/events'] as [string, string],
  ...pathsOf('sent', sent),
  ...pathsOf('own', bodies),
];

const sign = Buffer.from('9c41f07be2d8356a1fb9047ce36d82a5c70e5b1894fd2a6be3170c95d84ab26f', 'hex');
const module = SessionsModule.forRoot({
  sessions: [
    ktor({
      type: HeaderSession,
      version: '3.5',
      transport: 'header',
      keys: { sign },
      serializer: { ...plain, deserialize: (id) => Object.assign(new HeaderSession(), { id }) },
    }),
    ktor({
      type: RawCookie,
      version: '3.5',
      cookie: { encoding: 'raw' },
      keys: { sign },
      serializer: { ...plain, deserialize: (id) => Object.assign(new RawCookie(), { id }) },
    }),
  ],
});

const headerIn = (answer: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\\r$`, 'im').exec(answer)?.[1];

/** The decoded chunked body. */
function bodyOf(answer: string): string {
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  return headerIn(answer, 'Transfer-Encoding') === 'chunked' ? body.replace(/(?:^|\r\n)[0-9a-f]+\r\n/g, '') : body;
}

/** Each character of `body` is one byte. */
function expectBody(name: string, body: string): void {
  if (!EMPTY.includes(name)) expect(body).toContain(name === 'a text in Latin-1' ? 'n\u00e9' : 'n\u00c3\u00a9');
}

describe.each(platforms)('non-ASCII text in a header on $name', (platform: Platform) => {
  let running: RunningApp;
  let port: number;
  beforeAll(async () => {
    running = await startApp(platform, { imports: [module], controllers: [Bytes] });
    port = Number(new URL(running.url).port);
  });
  afterAll(() => running.close());

  it.each(paths)('is encoded as UTF-8 once and read back, before %s', async (name, path) => {
    const answer = await rawAnswer(port, path);
    const header = headerIn(answer, 'X-Hd')!;
    const cookie = headerIn(answer, 'Set-Cookie')!;

    expect(header).toMatch(new RegExp(`^${UTF8}/[0-9a-f]{64}$`));
    expect(cookie.startsWith(`raw=${UTF8}/`)).toBe(true);
    expectBody(name, bodyOf(answer));

    const read = await rawAnswer(port, '/read', { 'X-Hd': header, cookie: cookie.split(';')[0]! });
    expect(Buffer.from(read.slice(read.indexOf('{')), 'latin1').toString('utf8')).toContain(
      JSON.stringify({ header: NAME, raw: NAME }).slice(1, -1),
    );
  });
});

// Express does not support HTTP/2.
describe('non-ASCII text in a header on fastify over HTTP/2', () => {
  let running: RunningApp;
  beforeAll(async () => {
    const adapter = new FastifyAdapter({ http2: true } as never);
    running = await startApp(platforms[1]!, { adapter, imports: [module], controllers: [Bytes] });
  });
  afterAll(() => running.close());

  async function ask(path: string, headers: Record<string, string> = {}): Promise<[IncomingHttpHeaders, string]> {
    const session = connectHttp2(running.url);
    const stream = session.request({ ':path': path, ...headers });
    const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    session.close();
    return [answer, Buffer.concat(chunks).toString('latin1')];
  }

  it.each(paths)('is encoded as UTF-8 once and read back, before %s', async (name, path) => {
    const [head, body] = await ask(path);
    expectBody(name, body);

    expect(String(head['x-hd'])).toMatch(new RegExp(`^${UTF8}/[0-9a-f]{64}$`));
    const cookie = String(head['set-cookie']).split(';')[0]!;
    expect(cookie.startsWith(`raw=${UTF8}/`)).toBe(true);
    const [, read] = await ask('/read', { 'x-hd': String(head['x-hd']), cookie });
    expect(JSON.parse(Buffer.from(read, 'latin1').toString('utf8'))).toEqual({ header: NAME, raw: NAME });
  });
});
