import { Controller, Get, Res } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { once } from 'node:events';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { CurrentSession, Session, SessionsModule } from 'nestjs-sessions';
import { kotlinFields, ktor, string } from 'nestjs-sessions/ktor';
import { platforms, startApp, type Platform, type RunningApp } from '../support/platforms.js';

// As a client writes it: UTF-8, whose bytes Node shows as Latin-1.
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
  nothing: (response) => response.end(),
};

@Controller()
class Bytes {
  @Get('returned') returned(@CurrentSession() header: HeaderSession, @CurrentSession() raw: RawCookie): string {
    header.id = NAME;
    raw.id = NAME;
    return 'né';
  }

  @Get('read') read(
    @CurrentSession({ optional: true }) header?: HeaderSession,
    @CurrentSession({ optional: true }) raw?: RawCookie,
  ): object {
    return { header: header?.id, raw: raw?.id };
  }
}

for (const [index, body] of Object.values(bodies).entries()) {
  const own = (header: HeaderSession, raw: RawCookie, response: any): void => {
    header.id = NAME;
    raw.id = NAME;
    const node = response.raw ?? response;
    if (response.hijack) response.hijack();
    body(node);
  };
  Object.defineProperty(Bytes.prototype, `own${index}`, { value: own, writable: true, configurable: true });
  const descriptor = Object.getOwnPropertyDescriptor(Bytes.prototype, `own${index}`)!;
  CurrentSession(HeaderSession)(Bytes.prototype, `own${index}`, 0);
  CurrentSession(RawCookie)(Bytes.prototype, `own${index}`, 1);
  Res()(Bytes.prototype, `own${index}`, 2);
  Get(`own${index}`)(Bytes.prototype, `own${index}`, descriptor);
}

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

/** Everything the server sends on one HTTP/1.1 connection, byte for byte. */
function bytesOf(port: number, path: string, headers: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
    const lines = Object.entries({ host: 'localhost', connection: 'close', ...headers }).map((pair) => pair.join(': '));
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  });
}

const headerIn = (answer: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\\r$`, 'im').exec(answer)?.[1];

describe.each(platforms)('Text beyond ASCII in a header on $name', (platform: Platform) => {
  let running: RunningApp;
  let port: number;
  beforeAll(async () => {
    running = await startApp(platform, { imports: [module], controllers: [Bytes] });
    port = Number(new URL(running.url).port);
  });
  afterAll(() => running.close());

  const paths = [['a returned text', '/returned'], ...Object.keys(bodies).map((name, index) => [name, `/own${index}`])];

  it.each(paths)('is UTF-8 once, and read back, in front of %s', async (name, path) => {
    const answer = await bytesOf(port, path);
    const header = headerIn(answer, 'X-Hd')!;
    const cookie = headerIn(answer, 'Set-Cookie')!;

    expect(header).toMatch(new RegExp(`^${UTF8}/[0-9a-f]{64}$`));
    expect(cookie.startsWith(`raw=${UTF8}/`)).toBe(true);
    if (name !== 'nothing') expect(answer).toContain(name === 'a text in Latin-1' ? 'n\u00e9' : 'n\u00c3\u00a9');

    const read = await bytesOf(port, '/read', { 'X-Hd': header, cookie: cookie.split(';')[0]! });
    expect(Buffer.from(read.slice(read.indexOf('{')), 'latin1').toString('utf8')).toContain(
      JSON.stringify({ header: NAME, raw: NAME }).slice(1, -1),
    );
  });
});

// Express itself does not answer over HTTP/2.
describe('Text beyond ASCII in a header on fastify over HTTP/2', () => {
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
    return [answer, Buffer.concat(chunks).toString('utf8')];
  }

  it.each([['a returned text', '/returned'], ...Object.keys(bodies).map((body, index) => [body, `/own${index}`])])(
    'is UTF-8 once, and read back, in front of %s',
    async (_, path) => {
      const [head] = await ask(path);

      expect(String(head['x-hd'])).toMatch(new RegExp(`^${UTF8}/[0-9a-f]{64}$`));
      const cookie = String(head['set-cookie']).split(';')[0]!;
      expect(cookie.startsWith(`raw=${UTF8}/`)).toBe(true);
      const [, read] = await ask('/read', { 'x-hd': String(head['x-hd']), cookie });
      expect(JSON.parse(read)).toEqual({ header: NAME, raw: NAME });
    },
  );
});
