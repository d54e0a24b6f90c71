import { Controller, Get, Inject, Injectable, Module, Req, type Type } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { CurrentSession, Session, Sessions, SessionsModule, sessionsOf, type RequestSessions } from 'nestjs-sessions';
import { ask } from '../support/client.js';
import { platforms, startApp } from '../support/platforms.js';

// A library that applications of a monorepo share, behind one barrel.
@Session('shared_user')
class SharedUser {
  visits = 0;
}

@Session('shared_admin', { tracker: 'by-id', cookie: { path: '/admin' } })
class SharedAdmin {
  visits = 0;
}

/** Cannot start: its storage exists only in another application. */
@Session('shared_broken', { idleTimeoutInSeconds: -1 })
class SharedBroken {}

describe('the sessions of an application without the option sessions', () => {
  @Controller()
  class ShopController {
    @Get() visit(@CurrentSession() user: SharedUser) {
      return { visits: ++user.visits };
    }
    @Get('by-hand') async byHand(@Req() request: object, @Sessions() sessions: RequestSessions) {
      const admin = await sessionsOf(request).getOrSet(SharedAdmin, () => new SharedAdmin());
      return { name: sessions.findName(SharedAdmin), same: sessions.findType('shared_admin') === SharedAdmin, admin };
    }
    @Get('broken') broken(@Sessions() sessions: RequestSessions) {
      return sessions.get(SharedBroken);
    }
  }

  it('are those that its handlers use, without others of the library', async () => {
    const events: string[] = [];
    const running = await startApp(platforms[0]!, {
      imports: [SessionsModule.forRoot({ onEvent: ({ session }) => void events.push(String(session)) })],
      controllers: [ShopController],
    });
    const answer = await ask(running.url, { cookie: 'shared_admin=x' });
    expect(answer.json()).toEqual({ visits: 1 });
    expect(answer.setCookies).toHaveLength(1);
    expect(events).toEqual(['shared_user']);
    await running.close();
  });

  it('include a class that code uses by sessionsOf', async () => {
    const running = await startApp(platforms[1]!, {
      imports: [SessionsModule.forRoot()],
      controllers: [ShopController],
    });
    const answer = await ask(`${running.url}/by-hand`);
    expect(answer.json()).toEqual({ name: 'shared_admin', same: true, admin: { visits: 0 } });
    expect(answer.setCookie('shared_admin')).toContain('Path=/admin');
    expect((await ask(`${running.url}/broken`)).status).toBe(500);
    await running.close();
  });
});

describe('a module that is evaluated twice', () => {
  /** Stands for `import('./app.module.js?update=1')`. */
  function evaluate(): Type<unknown> {
    @Session('reloaded')
    class ReloadedSession {
      visits = 0;
    }

    @Controller()
    class ReloadedController {
      @Get() visit(@CurrentSession() session: ReloadedSession) {
        return { visits: ++session.visits };
      }
      @Get('name') name(@Sessions() sessions: RequestSessions) {
        return { latest: sessions.findType('reloaded') === ReloadedSession };
      }
    }

    @Module({ imports: [SessionsModule.forRoot()], controllers: [ReloadedController] })
    class AppModule {}
    return AppModule;
  }

  it.each(platforms)('starts with the new classes on $name', async (platform) => {
    for (const round of ['first start', 'hot update', 'another']) {
      const running = await startApp(platform, { imports: [evaluate()] });
      expect([round, (await ask(running.url)).json()]).toEqual([round, { visits: 1 }]);
      expect((await ask(`${running.url}/name`)).json()).toEqual({ latest: true });
      await running.close();
    }
  });
});

describe('a lazy module', () => {
  @Session('lazy_draft', { tracker: 'by-id' })
  class DraftSession {
    text = '';
  }

  @Injectable()
  class DraftService {
    async write(request: object, text: string): Promise<void> {
      (await sessionsOf(request).getOrSet(DraftSession, () => new DraftSession())).text = text;
    }
    async read(request: object): Promise<string | undefined> {
      return (await sessionsOf(request).get(DraftSession))?.text;
    }
  }

  @Module({ imports: [SessionsModule.forFeature([DraftSession])], providers: [DraftService] })
  class DraftModule {}

  @Controller()
  class DraftController {
    constructor(@Inject(LazyModuleLoader) private readonly loader: LazyModuleLoader) {}
    async #service(): Promise<DraftService> {
      return (await this.loader.load(() => DraftModule)).get(DraftService);
    }
    @Get('write') async write(@Req() request: object) {
      await (await this.#service()).write(request, 'hello');
    }
    @Get('read') async read(@Req() request: object) {
      return (await this.#service()).read(request);
    }
  }

  it.each(platforms)('registers its sessions when it is loaded, on $name', async (platform) => {
    const running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [SharedUser] })],
      controllers: [DraftController],
    });
    const cookie = (await ask(`${running.url}/write`)).cookie('lazy_draft');
    expect((await ask(`${running.url}/read`, { cookie })).text).toBe('hello');
    await running.close();
  });
});
