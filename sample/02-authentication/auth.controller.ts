import { Body, Controller, Get, Header, Headers, Post, Query, Redirect } from '@nestjs/common';
import { Sessions, type RequestSessions } from 'nestjs-sessions';
import { AuthSession } from './auth-session.js';
import { deviceOf } from './device.js';
import { HtmlPage } from '../shared/html.js';
import { loginPage } from './pages.js';
import { STYLE } from './style.js';
import { UsersService } from './users.service.js';

const REMEMBERED = {
  idleTimeoutInSeconds: 30 * 24 * 3600,
  absoluteTimeoutInSeconds: 90 * 24 * 3600,
  persistent: true,
} as const;
const UNTIL_THE_BROWSER_CLOSES = { persistent: false } as const;

@Controller()
export class AuthController {
  constructor(private readonly users: UsersService) {}

  @Get('login')
  @HtmlPage()
  form(@Query('failed') failed?: string): string {
    return loginPage(failed !== undefined).text;
  }

  @Post('login')
  @Redirect('/account', 303)
  async login(
    @Body('login') login: unknown,
    @Body('password') password: unknown,
    @Body('remember') remember: unknown,
    @Sessions() sessions: RequestSessions,
    @Headers('user-agent') userAgent = '',
  ): Promise<{ url: string } | undefined> {
    const user = await this.users.authenticate(login, password);
    if (!user) return { url: '/login?failed' };
    await sessions.login(AuthSession, user.id, { device: deviceOf(userAgent) });
    await sessions.lifetime(AuthSession, remember === undefined ? UNTIL_THE_BROWSER_CLOSES : REMEMBERED);
    return undefined;
  }

  @Post('logout')
  @Redirect('/login', 303)
  logout(@Sessions() sessions: RequestSessions): void {
    sessions.logout(AuthSession);
  }

  @Get('style.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  @Header('Cache-Control', 'max-age=600')
  style(): string {
    return STYLE;
  }
}
