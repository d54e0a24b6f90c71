import fastifyCookie from '@fastify/cookie';
import { Controller, Get, Req, Res } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import cookieParser from 'cookie-parser';
import { CurrentSession } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { Browser, expectSessions, start, UserSession, type Platform } from './support.js';

interface CookieRequest {
  readonly cookies: Record<string, string>;
  readonly signedCookies?: Record<string, string>;
  unsignCookie?(value: string): { readonly value: string | null };
}

interface CookieResponse {
  cookie?(name: string, value: string, options: object): void;
  setCookie?(name: string, value: string, options: object): void;
}

@Controller()
class ThemeController {
  @Get('dark') dark(
    @CurrentSession() session: UserSession,
    @Res({ passthrough: true }) response: CookieResponse,
  ): number {
    session.visits += 1;
    (response.setCookie ?? response.cookie)!.call(response, 'theme', 'dark', { signed: true, path: '/' });
    return session.visits;
  }

  @Get('theme') theme(@Req() request: CookieRequest, @CurrentSession() session: UserSession): string {
    const theme = request.signedCookies?.['theme'] ?? request.unsignCookie?.(request.cookies['theme'] ?? '').value;
    return `${theme} ${session.visits} ${Object.keys(request.cookies).includes('user')}`;
  }
}

export async function check(platform: Platform): Promise<void> {
  const secret = 'of the other cookies';
  const running = await start(platform, {
    controllers: [ThemeController],
    prepare: (app) =>
      platform === 'express'
        ? app.use(cookieParser(secret))
        : (app as NestFastifyApplication).register(fastifyCookie, { secret }),
  });
  await expectSessions(running);
  const browser = new Browser(running.url);
  // One response sends both cookies, and both are read.
  await browser.get('/dark');
  assert.deepEqual([...browser.cookies.keys()].sort(), ['theme', 'user']);
  assert.equal((await browser.get('/theme')).text, 'dark 1 true');
  await running.app.close();
}
