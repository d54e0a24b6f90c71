import { Body, Controller, Get, NotFoundException, Post, Redirect, UseGuards } from '@nestjs/common';
import {
  CurrentSession,
  RequireSession,
  SessionId,
  SessionInfo,
  Sessions,
  SessionsService,
  type RequestSessions,
} from 'nestjs-sessions';
import { AuthSession } from './auth-session.js';
import { HtmlPage } from '../shared/html.js';
import { OwnHandsGuard } from './own-hands.guard.js';
import { accountPage } from './pages.js';
import { UsersService } from './users.service.js';

/** Every handler requires a signed-in user; others are redirected to the login form. */
@Controller()
@RequireSession(AuthSession, { redirectTo: '/login' })
export class AccountController {
  constructor(
    private readonly service: SessionsService,
    private readonly users: UsersService,
  ) {}

  @Get()
  @Redirect('/account', 302)
  home(): void {}

  @Get('account')
  @HtmlPage({ scripts: true })
  async account(
    @CurrentSession() session: AuthSession,
    @SessionId(AuthSession) id: string,
    @SessionInfo(AuthSession) { actor }: SessionInfo,
  ): Promise<string> {
    const devices = await this.service.list(AuthSession, session.userId!);
    return accountPage({
      name: this.users.nameOf(session.userId),
      devices,
      thisHandle: this.service.handleOf(AuthSession, id),
      acting: actor && { name: this.users.nameOf(actor.owner), until: new Date(actor.until), reason: actor.reason },
      others: actor ? [] : this.users.othersFor(session.userId),
    }).text;
  }

  @UseGuards(OwnHandsGuard)
  @Post('devices/sign-out')
  @Redirect('/account', 303)
  async signOutDevice(@Body('handle') handle: unknown, @CurrentSession() session: AuthSession): Promise<void> {
    const ended = await this.service.revoke(AuthSession, String(handle), { owner: session.userId! });
    if (!ended) throw new NotFoundException();
  }

  @UseGuards(OwnHandsGuard)
  @Post('devices/sign-out-others')
  @Redirect('/account', 303)
  async signOutOthers(@CurrentSession() session: AuthSession, @SessionId(AuthSession) id: string): Promise<void> {
    await this.service.revokeAll(AuthSession, session.userId!, { except: id });
  }

  @UseGuards(OwnHandsGuard)
  @Post('devices/sign-out-everywhere')
  @Redirect('/login', 303)
  async signOutEverywhere(
    @CurrentSession() session: AuthSession,
    @Sessions() sessions: RequestSessions,
  ): Promise<void> {
    await this.service.revokeAll(AuthSession, session.userId!);
    sessions.logout(AuthSession);
  }
}
