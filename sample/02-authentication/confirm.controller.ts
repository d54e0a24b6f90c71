import { Body, Controller, Get, Post, Query, Redirect, UseGuards } from '@nestjs/common';
import { CurrentSession, RequireFresh, RequireSession, Sessions, type RequestSessions } from 'nestjs-sessions';
import { HtmlPage } from '../shared/html.js';
import { AuthSession } from './auth-session.js';
import { OwnHandsGuard } from './own-hands.guard.js';
import { codesPage, confirmPage } from './pages.js';
import { UsersService } from './users.service.js';

/** Recovery codes require a recent password check. */
@Controller()
@RequireSession(AuthSession, { redirectTo: '/login' })
@UseGuards(OwnHandsGuard)
export class ConfirmController {
  constructor(private readonly users: UsersService) {}

  @RequireFresh(AuthSession, { withinSeconds: 300, redirectTo: '/confirm' })
  @Get('recovery-codes')
  @HtmlPage()
  codes(@CurrentSession() { userId }: AuthSession): string {
    return codesPage(this.users.codesOf(userId)).text;
  }

  @Get('confirm')
  @HtmlPage()
  form(@CurrentSession() { userId }: AuthSession, @Query('failed') failed?: string): string {
    return confirmPage(this.users.nameOf(userId), failed !== undefined).text;
  }

  @Post('confirm')
  @Redirect('/account', 303)
  async confirm(
    @Body('password') password: unknown,
    @CurrentSession() { userId }: AuthSession,
    @Sessions() sessions: RequestSessions,
  ): Promise<{ url: string } | undefined> {
    const user = await this.users.authenticate(this.users.nameOf(userId), password);
    if (user?.id !== userId) return { url: '/confirm?failed' };
    await sessions.authenticated(AuthSession, { method: 'password' });
    const url = await sessions.takeReturnPath(AuthSession);
    return url === undefined ? undefined : { url };
  }
}
