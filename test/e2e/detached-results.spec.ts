import fastifyView from '@fastify/view';
import {
  ClassSerializerInterceptor,
  Controller,
  Get,
  Injectable,
  Param,
  Post,
  Render,
  Res,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { Exclude, Type } from 'class-transformer';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { map, mergeMap, of, type Observable } from 'rxjs';
import { CurrentSession, Session, SessionsModule, SessionStorageMemory, sessionsOf } from 'nestjs-sessions';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

class Item {
  constructor(public sku = '') {}
}

class Page {
  constructor(public items: readonly Item[] = []) {}
}

@Session('sid', { tracker: 'by-id' })
class UserSession {
  user = 'nobody';
  csrfToken?: string;
  @Exclude({ toPlainOnly: true }) role = 'guest';
  @Exclude() scratch?: string;
  @Type(() => Item) items: Item[] = [];
  seen?: number;
  avatar = Buffer.from('cat');
  since = new Date(5);
}

/** Edits the body in place, like interceptors that trim, mask or sign responses. */
@Injectable()
class EditingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((body) => (edit(body), body)));
  }
}

function edit(body: unknown): void {
  if (typeof body !== 'object' || body === null) return;
  if (body instanceof Date) return void body.setTime(0);
  if (body instanceof Uint8Array) return void body.fill(0);
  for (const value of Object.values(body)) edit(value);
  Object.assign(body, { servedAt: 1 });
  for (const name of ['csrfToken', 'sku']) delete (body as Record<string, unknown>)[name];
}

@Controller()
class UserController {
  @Post('login') login(@CurrentSession() session: UserSession): void {
    Object.assign(session, { user: 'ann', csrfToken: 'c', role: 'customer', scratch: 's', items: [new Item('a')] });
  }
  @Get('me') me(@CurrentSession() session: UserSession): UserSession {
    return session;
  }
  @Get('later') async later(@CurrentSession() session: UserSession): Promise<UserSession> {
    session.seen = (session.seen ?? 0) + 1;
    return session;
  }
  @Get('observed') observed(@CurrentSession() session: UserSession): Observable<UserSession> {
    return of(session);
  }
  @Get('wrapped') wrapped(@CurrentSession() session: UserSession): object {
    return { ok: true, session };
  }
  @Get('part') part(@CurrentSession() session: UserSession): Item[] {
    return session.items;
  }
  @Get('values') values(@CurrentSession() session: UserSession): object {
    return { avatar: session.avatar, since: session.since };
  }
  @Get('avatar') avatar(@CurrentSession() session: UserSession): unknown {
    return session.avatar;
  }
  @Get('since') since(@CurrentSession() session: UserSession): unknown {
    return session.since;
  }
  @Get('list') list(@CurrentSession() session: UserSession): unknown[] {
    return [session.items, 1];
  }
  @Get('deep') deep(@CurrentSession() session: UserSession): object {
    return { data: { page: new Page(session.items.map((item) => item)), sessions: new Map([['own', session]]) } };
  }
  @Get('inside') @UseInterceptors(EditingInterceptor) inside(@CurrentSession() session: UserSession): UserSession {
    return session;
  }
  @Get('inside-observed') @UseInterceptors(EditingInterceptor) insideObserved(
    @CurrentSession() session: UserSession,
  ): Observable<object> {
    return of({ items: [session.items] });
  }
  @Get('serialized') @UseInterceptors(ClassSerializerInterceptor) serialized(
    @CurrentSession() session: UserSession,
  ): UserSession {
    return session;
  }
  @Get('counted')
  @UseInterceptors({
    intercept: (context: ExecutionContext, next: CallHandler) =>
      next.handle().pipe(
        mergeMap(async (body: unknown) => {
          const session = await sessionsOf(context.switchToHttp().getRequest<object>()).get(UserSession);
          session!.seen = 42;
          return body;
        }),
      ),
  })
  counted(@CurrentSession() session: UserSession): UserSession {
    return session;
  }
  @Get('peek') peek(@CurrentSession() session: UserSession): string {
    return JSON.stringify(session);
  }
}

describe.each(platforms)('a session that a handler returns, on $name', (platform) => {
  const started = (): ReturnType<typeof startApp> =>
    startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [UserSession], storage: new SessionStorageMemory() })],
      controllers: [UserController],
      providers: [{ provide: APP_INTERCEPTOR, useClass: EditingInterceptor }, Reflector],
    });
  const stored = {
    user: 'ann',
    csrfToken: 'c',
    role: 'customer',
    items: [{ sku: 'a' }],
    avatar: { type: 'Buffer', data: [99, 97, 116] },
    since: '1970-01-01T00:00:00.005Z',
  };
  const wholes = ['me', 'observed', 'wrapped', 'part', 'list', 'deep', 'inside', 'inside-observed', 'serialized'];

  it.each([...wholes, 'values', 'avatar', 'since'])(
    'is not changed by an interceptor that edits the body in place: %s',
    async (path) => {
      const { url, close } = await started();
      const cookie = (await ask(`${url}/login`, { method: 'POST' })).cookie('sid');
      const answer = await ask(`${url}/${path}`, { cookie });
      expect(answer.text).not.toContain('"sku"');
      expect(answer.setCookies).toEqual([]);
      expect((await ask(`${url}/peek`, { cookie })).json()).toEqual(stored);
      await close();
    },
  );

  it('is stored with the changes of the handler, and sent as returned', async () => {
    const { url, close } = await started();
    const cookie = (await ask(`${url}/login`, { method: 'POST' })).cookie('sid');
    expect((await ask(`${url}/later`, { cookie })).json()).toMatchObject({ user: 'ann', seen: 1, servedAt: 1 });
    expect((await ask(`${url}/peek`, { cookie })).json()).toEqual({ ...stored, seen: 1 });
    await close();
  });

  it('keeps fields under @Exclude({ toPlainOnly: true }) in the storage and out of the response', async () => {
    const { url, close } = await started();
    const cookie = (await ask(`${url}/login`, { method: 'POST' })).cookie('sid');
    const body = (await ask(`${url}/serialized`, { cookie })).json<Record<string, unknown>>();
    expect(body).toMatchObject({ user: 'ann' });
    expect(body).not.toHaveProperty('role');
    expect((await ask(`${url}/peek`, { cookie })).json()).toEqual(stored);
    await close();
  });

  it('still includes changes of an outer interceptor to the session itself', async () => {
    const { url, close } = await started();
    const cookie = (await ask(`${url}/login`, { method: 'POST' })).cookie('sid');
    await ask(`${url}/counted`, { cookie });
    expect((await ask(`${url}/peek`, { cookie })).json()).toEqual({ ...stored, seen: 42 });
    await close();
  });
});

describe.each(platforms)('a session that $name renders', (platform) => {
  @Session('visitor')
  class VisitorSession {
    name = 'guest';
    page = { title: 'welcome' };
  }

  @Controller()
  class PageController {
    #useLocals(response: { locals?: Record<string, unknown> }): void {
      response.locals ??= {};
      response.locals['nonce'] = 'r4nd0m';
      response.locals['translate'] = (text: string) => text;
    }
    @Get('render/:what') page(
      @CurrentSession() session: VisitorSession,
      @Param('what') what: string,
      @Res() response: any,
    ): void {
      this.#useLocals(response);
      const data = what === 'session' ? session : session.page;
      if (response.view) response.view('page.txt', data);
      else response.render('page', data);
    }
    @Get('returned/:what') @Render('page.txt') returned(
      @CurrentSession() session: VisitorSession,
      @Param('what') what: string,
      @Res({ passthrough: true }) response: any,
    ): object {
      this.#useLocals(response);
      return what === 'session' ? session : session.page;
    }
    @Get('login') login(@CurrentSession() session: VisitorSession): void {
      session.name = 'ada';
    }
    @Get('name') name(@CurrentSession() session: VisitorSession): object {
      return session;
    }
  }

  let running: RunningApp;
  beforeAll(async () => {
    const views = mkdtempSync(join(tmpdir(), 'views-'));
    writeFileSync(join(views, 'page.txt'), '');
    const render = ({ name = 'nobody', title = '' }: { name?: string; title?: string }): string => `${name} ${title}`;
    running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [VisitorSession] })],
      controllers: [PageController],
      prepare: async (app) => {
        const instance = app.getHttpAdapter().getInstance();
        if (platform.name === 'fastify') {
          await instance.register(fastifyView, { engine: { handlebars: { compile: () => render } }, root: views });
          return;
        }
        instance.engine('txt', (_path: string, options: object, done: (error: null, text: string) => void) =>
          done(null, render(options)),
        );
        instance.set('views', views);
        instance.set('view engine', 'txt');
      },
    });
  });
  afterAll(() => running.close());

  it.each(['render/session', 'render/part', 'returned/session', 'returned/part'])(
    'is not stored for a visitor who only reads, with any locals: %s',
    async (path) => {
      const answer = await ask(`${running.url}/${path}`);
      const text = path.endsWith('session') ? 'guest ' : 'nobody welcome';
      expect([answer.status, answer.text, answer.setCookies]).toEqual([200, text, []]);
    },
  );

  it.each(['render/session', 'returned/session'])('contains no locals afterwards: %s', async (path) => {
    const cookie = (await ask(`${running.url}/login`)).cookie('visitor');
    const answer = await ask(`${running.url}/${path}`, { cookie });
    expect([answer.status, answer.text, answer.setCookies]).toEqual([200, 'ada ', []]);
    expect((await ask(`${running.url}/name`, { cookie })).json()).toEqual({ name: 'ada', page: { title: 'welcome' } });
  });
});
