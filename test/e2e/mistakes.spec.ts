import { Controller, Get, Module } from '@nestjs/common';
import { CurrentSession, Session, Sessions, SessionsModule, type RequestSessions } from 'nestjs-sessions';
import { SessionConfigurationError } from '../../src/errors/session.errors.js';
import { ask } from '../support/client.js';
import { platforms, startApp, type StartOptions } from '../support/platforms.js';

@Session('known')
class KnownSession {
  n = 0;
}

const start = (metadata: StartOptions) => startApp(platforms[0]!, metadata);
const withOptions = (options: object) =>
  start({ imports: [SessionsModule.forRoot({ sessions: [KnownSession], ...options })] });

describe('an error message says what to write instead of', () => {
  it('SessionsModule without forRoot()', async () => {
    const starting = start({ imports: [SessionsModule] });
    await expect(starting).rejects.toThrow(SessionConfigurationError);
    await expect(starting).rejects.toThrow('Write imports: [SessionsModule.forRoot()] in the root module');
    @Module({ imports: [SessionsModule] })
    class FeatureModule {}
    await expect(start({ imports: [FeatureModule] })).rejects.toThrow('SessionsModule.forRoot()');
  });

  it('a class without @Session', () => {
    class Plain {
      n = 0;
    }
    expect(() => {
      @Controller()
      class PageController {
        @Get() page(@CurrentSession() session: Plain): number {
          return session.n;
        }
      }
      return PageController;
    }).toThrow("PageController.page(), parameter 1: Plain has no @Session('name'). Add @Session('plain') to the class");
  });

  it.each<[string, object, string]>([
    ['secret', { secret: 'keyboard cat', resave: false }, 'secret is called keys here'],
    ['password', { password: 'x'.repeat(32) }, 'password is called keys here'],
    ['resave', { resave: false }, 'resave is not needed here'],
    ['saveUninitialized', { saveUninitialized: false }, 'saveUninitialized is not needed here'],
    ['rolling', { rolling: true }, 'rolling is not needed here'],
    ['store', { store: {} }, 'store is called storage here'],
    ['ttl', { ttl: 60 }, 'ttl is called idleTimeoutInSeconds here'],
    ['maxAge', { maxAge: 60 }, 'maxAge is called maxAgeInSeconds here'],
    ['maxAge of a cookie', { cookie: { maxAge: 3600_000 } }, 'maxAge is called maxAgeInSeconds here'],
    ['cookieName', { cookieName: 'sid' }, 'the first argument of @Session'],
    ['genid', { sessions: [{ type: KnownSession, genid: () => 'x' }] }, 'genid is called identity here'],
    ['ttl of a session', { sessions: [{ type: KnownSession, ttl: 60 }] }, 'ttl is called idleTimeoutInSeconds here'],
  ])('the option %s of other packages', async (_, options, advice) => {
    await expect(withOptions(options)).rejects.toThrow(advice);
    await expect(withOptions(options)).rejects.toThrow(SessionConfigurationError);
    await expect(withOptions(options)).rejects.not.toThrow('keyboard cat');
  });

  it('a plain object for a session', async () => {
    const messages: string[] = [];
    @Controller()
    class PageController {
      @Get() page(@Sessions() sessions: RequestSessions): void {
        try {
          sessions.set({ n: 5 });
        } catch (error) {
          messages.push((error as Error).message);
        }
      }
    }
    const app = await start({
      imports: [SessionsModule.forRoot({ sessions: [KnownSession] })],
      controllers: [PageController],
    });
    try {
      await ask(app.url);
    } finally {
      await app.close();
    }
    expect(messages).toEqual([expect.stringContaining('set an instance of a session class')]);
  });
});
