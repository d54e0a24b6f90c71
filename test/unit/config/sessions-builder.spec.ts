import { Controller, Get } from '@nestjs/common';
import {
  SameSite,
  Sessions,
  SessionsModule,
  SessionStorageMemory,
  type RequestSessions,
  type SessionSerializer,
} from 'nestjs-sessions';
import {
  CookieIdSessionBuilder,
  CookieSessionBuilder,
  HeaderIdSessionBuilder,
  HeaderSessionBuilder,
  SessionsConfig,
  SessionTransportTransformerDigest,
  SessionTransportTransformerMessageAuthentication,
  ktor,
} from 'nestjs-sessions/ktor';
import { platforms, startApp } from '../../support/platforms.js';

class A {
  value = '';
}
class B {
  value = '';
}
class C {
  value = '';
}
class D {
  value = '';
}

const text: SessionSerializer<C> = {
  serialize: (session) => session.value,
  deserialize: (value) => Object.assign(new C(), { value }),
};

function declared(install: (sessions: SessionsConfig) => void): readonly unknown[] {
  const sessions = new SessionsConfig();
  install(sessions);
  return sessions.registrations;
}

describe('sessions in the form of Ktor', () => {
  const storage = new SessionStorageMemory();

  it('are by value in a cookie or header, or by id with a storage, all of them without a block', () => {
    const sessions = declared((it) => {
      it.cookie(A, 'a');
      it.header(B, 'x-b');
      it.cookie(C, 'c', storage);
      it.header(D, 'x-d', storage);
    });
    expect(sessions).toEqual([
      { type: A, name: 'a', tracker: 'by-value', transport: 'cookie', cookie: {} },
      { type: B, name: 'x-b', tracker: 'by-value', transport: 'header' },
      { type: C, name: 'c', tracker: 'by-id', transport: 'cookie', cookie: {}, storage },
      { type: D, name: 'x-d', tracker: 'by-id', transport: 'header', storage },
    ]);
  });

  it('are told more in a block, whose builder is of the right kind', () => {
    const [first, second] = [
      new SessionTransportTransformerDigest(),
      new SessionTransportTransformerMessageAuthentication(Buffer.from('key'), 'HmacSHA256', { weak: true }),
    ];
    const identity = (): string => 'id';
    const kinds: unknown[] = [];
    const sessions = declared((config) => {
      config.cookie(A, 'a', (it) => {
        it.cookie.path = '/a';
        it.cookie.sameSite = SameSite.Strict;
        it.transform(first);
        it.transform(second);
        it.sendOnlyIfModified = false;
        expect(it.transformers).toEqual([first, second]);
        kinds.push(it.constructor);
      });
      config.header(B, 'x-b', (it) => {
        it.transform(second);
        kinds.push(it.constructor);
      });
      config.cookie(C, 'c', storage, (it) => {
        it.identity(identity);
        it.serializer = text;
        kinds.push(it.constructor);
      });
      config.header(D, 'x-d', storage, (it) => {
        it.identity(identity);
        kinds.push(it.constructor);
      });
    });
    expect(kinds).toEqual([CookieSessionBuilder, HeaderSessionBuilder, CookieIdSessionBuilder, HeaderIdSessionBuilder]);
    expect(sessions).toMatchObject([
      { cookie: { path: '/a', sameSite: 'strict' }, transformers: [first, second], sendOnlyIfModified: false },
      { transformers: [second] },
      { identity, serializer: text },
      { identity },
    ]);
  });

  it('refuse a third argument that is nothing', () => {
    expect(() => declared((it) => it.cookie(A, 'a', {} as never))).toThrow('a storage or a function');
  });

  it.each(platforms)('work on $name, beside providers made by hand', async (platform) => {
    @Controller()
    class AppController {
      @Get()
      async all(@Sessions() sessions: RequestSessions): Promise<string> {
        for (const type of [A, B, C, D]) sessions.set(Object.assign(new type(), { value: type.name }));
        return `${sessions.findName(C)} ${sessions.findType('x-b').name}`;
      }
      @Get('read')
      async read(@Sessions() sessions: RequestSessions): Promise<string> {
        const values = [];
        for (const type of [A, B, C, D]) values.push((await sessions.get(type))?.value ?? '-');
        return `${values.join('')} ${await sessions.id(C)} ${await sessions.id()}`;
      }
      @Get('unknown')
      unknown(@Sessions() sessions: RequestSessions): string {
        return sessions.findType('NOPE').name;
      }
    }
    const memory = new SessionStorageMemory();
    const app = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          sessions: [],
          install: (sessions) => {
            sessions.cookie(A, 'a', (it) => it.transform(new SessionTransportTransformerDigest()));
            sessions.header(B, 'x-b');
            sessions.cookie(C, 'c', memory, (it) => {
              it.identity((call) => `custom-${call.requestHeader('x-user') ?? 'nobody'}-of-22-characters`);
              it.serializer = text;
            });
            sessions.register(ktor({ type: D, version: '3.5', name: 'D' }));
          },
        }),
      ],
      controllers: [AppController],
    });
    try {
      const response = await fetch(app.url, { headers: { 'x-user': 'ann' } });
      expect(await response.text()).toBe('c B');
      const cookies = response.headers.getSetCookie().map((line) => line.split(';')[0]!);
      expect(cookies).toContain('c=custom-ann-of-22-characters');
      const read = await fetch(`${app.url}/read`, {
        headers: { cookie: cookies.join('; '), 'x-b': response.headers.get('x-b')! },
      });
      expect(await read.text()).toBe('ABCD custom-ann-of-22-characters custom-ann-of-22-characters');
      expect((await fetch(`${app.url}/unknown`)).status).toBe(500);
    } finally {
      await app.close();
    }
  });
});
