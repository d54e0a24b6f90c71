import {
  ClassSerializerInterceptor,
  Controller,
  Get,
  Injectable,
  Param,
  Post,
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
import { platforms, startApp } from '../support/platforms.js';

class Item {
  constructor(public sku = '') {}
}

@Session('sid', { tracker: 'by-id' })
class UserSession {
  user = 'nobody';
  csrfToken?: string;
  @Exclude({ toPlainOnly: true }) role = 'guest';
  @Exclude() scratch?: string;
  @Type(() => Item) items: Item[] = [];
  seen?: number;
}

/** Edits the body in place, as interceptors do that trim, mask or sign responses. */
@Injectable()
class EditingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((body) => (edit(body), body)));
  }
}

function edit(body: unknown): void {
  if (typeof body !== 'object' || body === null) return;
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
  @Get('list') list(@CurrentSession() session: UserSession): unknown[] {
    return [session.items, 1];
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
  const stored = { user: 'ann', csrfToken: 'c', role: 'customer', items: [{ sku: 'a' }] };

  it.each(['me', 'observed', 'wrapped', 'part', 'list', 'serialized'])(
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

  it('is stored with what the handler changed, and answered as it was', async () => {
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

  it('still takes what an outer interceptor changes in the session itself', async () => {
    const { url, close } = await started();
    const cookie = (await ask(`${url}/login`, { method: 'POST' })).cookie('sid');
    await ask(`${url}/counted`, { cookie });
    expect((await ask(`${url}/peek`, { cookie })).json()).toEqual({ ...stored, seen: 42 });
    await close();
  });
});

describe('a session that Express renders', () => {
  @Session('visitor')
  class VisitorSession {
    name = 'guest';
    page = { title: 'welcome' };
  }

  @Controller()
  class PageController {
    @Get('render/:what') page(
      @CurrentSession() session: VisitorSession,
      @Param('what') what: string,
      @Res() response: { locals: Record<string, unknown>; render(view: string, data: object): void },
    ): void {
      response.locals['nonce'] = 'r4nd0m';
      response.locals['translate'] = (text: string) => text;
      response.render('page', what === 'session' ? session : session.page);
    }
  }

  it.each(['session', 'part'])(
    'is not stored for a visitor who only looks, whatever its locals are: %s',
    async (what) => {
      const views = mkdtempSync(join(tmpdir(), 'views-'));
      writeFileSync(join(views, 'page.txt'), '');
      const { url, close } = await startApp(platforms[0]!, {
        imports: [SessionsModule.forRoot({ sessions: [VisitorSession] })],
        controllers: [PageController],
        prepare: (app) => {
          const express = app as unknown as {
            engine(name: string, render: unknown): void;
            setBaseViewsDir(path: string): void;
            setViewEngine(name: string): void;
          };
          express.engine('txt', (_path: string, _options: object, done: (error: null, text: string) => void) =>
            done(null, 'hello'),
          );
          express.setBaseViewsDir(views);
          express.setViewEngine('txt');
        },
      });
      const answer = await ask(`${url}/render/${what}`);
      expect([answer.status, answer.text, answer.setCookies]).toEqual([200, 'hello', []]);
      await close();
    },
  );
});
