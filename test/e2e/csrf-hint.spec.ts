import { All, Controller, Get, Patch, Post } from '@nestjs/common';
import { AbstractHttpAdapter } from '@nestjs/core';
import {
  CurrentSession,
  SessionsModule,
  type CookieConfiguration,
  type SessionOverrides,
  type SessionsModuleOptions,
} from 'nestjs-sessions';
import { platforms, startApp, type ControllerClass, type RunningApp } from '../support/platforms.js';

class UserSession {
  name = 'nobody';
}

@Controller()
class ReadingController {
  @Get() who(@CurrentSession(UserSession) session: UserSession): string {
    return session.name;
  }
}

@Controller()
class PostingController {
  @Post() change(@CurrentSession(UserSession) session: UserSession): void {
    session.name = 'ann';
  }
}

@Controller()
class PatchingController {
  @Patch() change(): void {}
}

@Controller()
class AnyMethodController {
  @All() change(): void {}
}

interface ProtectedApplication {
  enableCsrfProtection(options?: object): unknown;
  useSecurityHeaders(): unknown;
}

/** NestJS 12.1 and later. */
const hasProtection = 'registerSecurityHook' in AbstractHttpAdapter.prototype;

describe.each(platforms)('the hint about CSRF at start, on $name', (platform) => {
  let running: RunningApp | undefined;
  afterEach(() => running?.close());

  async function hints(
    controller: ControllerClass,
    session: Partial<SessionOverrides> = {},
    prepare: (app: ProtectedApplication) => void = () => {},
    options: SessionsModuleOptions = {},
  ): Promise<string[]> {
    const lines: string[] = [];
    const note = (level: string) => (line: string) => {
      if (line.includes('CSRF')) lines.push(`${level} ${line}`);
    };
    const sessions = [{ type: UserSession, name: 'user', ...session }];
    running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ ...options, sessions })],
      controllers: [controller],
      prepare: (app) => {
        app.useLogger({ log: note('log'), warn: note('warn'), error: note('error') });
        // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- Nest 11 has another type.
        prepare(app as unknown as ProtectedApplication);
      },
    });
    return lines;
  }
  const everywhere: { cookie: CookieConfiguration } = { cookie: { sameSite: 'none', secure: true } };

  it('is a warning with the call to add if a cookie has sameSite: none', async () => {
    const advice = hasProtection
      ? "NestJS' CSRF protection is off. Call app.enableCsrfProtection() before app.listen(), or see docs/csrf.md for other ways."
      : 'This version of NestJS has no CSRF protection: add the guard of docs/csrf.md.';
    expect(await hints(ReadingController, everywhere)).toEqual([
      `warn Session "user" has sameSite: 'none', so browsers send it with requests of every site. ${advice}`,
    ]);
  });

  it.each([
    ['POST', PostingController, 'PostingController.change'],
    ['PATCH', PatchingController, 'PatchingController.change'],
    ['any method', AnyMethodController, 'AnyMethodController.change'],
  ])('is one line for a %s route, if NestJS has a protection', async (_, controller, place) => {
    const line =
      `log ${place} handles requests that change data. NestJS' CSRF protection is off. Call ` +
      'app.enableCsrfProtection() before app.listen(), or see docs/csrf.md for other ways.';
    expect(await hints(controller)).toEqual(hasProtection ? [line] : []);
  });

  it('is absent if routes only read, and for header sessions', async () => {
    expect(await hints(ReadingController)).toEqual([]);
    await running!.close();
    expect(await hints(PostingController, { transport: 'header', name: 'x-user' })).toEqual([]);
  });

  it('is absent if the protection is on, with any exclusions', async () => {
    if (!hasProtection) return;
    expect(await hints(PostingController, everywhere, (app) => app.enableCsrfProtection())).toEqual([]);
    await running!.close();
    const exclude = (): boolean => {
      throw new Error('not to be asked at start');
    };
    expect(await hints(PostingController, everywhere, (app) => app.enableCsrfProtection({ exclude }))).toEqual([]);
  });

  it('is logged if only security headers are on', async () => {
    if (!hasProtection) return;
    expect(await hints(PostingController, {}, (app) => app.useSecurityHeaders())).toHaveLength(1);
    await running!.close();
    const both = (app: ProtectedApplication): void => {
      app.useSecurityHeaders();
      app.enableCsrfProtection();
    };
    expect(await hints(PostingController, {}, both)).toEqual([]);
  });
});
