import { Body, Controller, Get, NotFoundException, Post, Redirect } from '@nestjs/common';
import {
  CurrentSession,
  RequireSession,
  SessionId,
  Sessions,
  SessionsService,
  type RequestSessions,
} from 'nestjs-sessions';
import { DeviceSession } from './device-session.js';
import { devicesPage, signInPage } from './devices.page.js';
import { HtmlPage } from '../shared/html.js';

const LONGEST_NAME = 40;

@Controller()
export class DevicesController {
  constructor(private readonly service: SessionsService) {}

  @Get()
  @HtmlPage()
  async home(
    @CurrentSession({ optional: true }) session?: DeviceSession,
    @SessionId(DeviceSession) id?: string,
  ): Promise<string> {
    if (session?.user === undefined || id === undefined) return signInPage().text;
    return devicesPage({
      user: session.user,
      devices: await this.service.list(DeviceSession, session.user),
      thisHandle: this.service.handleOf(DeviceSession, id),
    }).text;
  }

  /** Without a password; see `sample/02-authentication`. */
  @Post('sign-in')
  @Redirect('/', 303)
  async signIn(
    @Body('user') user: unknown,
    @Body('device') device: unknown,
    @Sessions() sessions: RequestSessions,
  ): Promise<void> {
    const name = textOf(user);
    if (name === '') return;
    await sessions.login(DeviceSession, name, { device: textOf(device) || 'Unnamed device' });
  }

  @Post('sign-out')
  @Redirect('/', 303)
  @RequireSession(DeviceSession, { redirectTo: '/' })
  async signOut(@Body('handle') handle: unknown, @CurrentSession() session: DeviceSession): Promise<void> {
    // A handle is public, so the owner is required.
    const ended = await this.service.revoke(DeviceSession, String(handle), { owner: session.user! });
    if (!ended) throw new NotFoundException();
  }

  @Post('sign-out-everywhere')
  @Redirect('/', 303)
  @RequireSession(DeviceSession, { redirectTo: '/' })
  async signOutEverywhere(
    @CurrentSession() session: DeviceSession,
    @Sessions() sessions: RequestSessions,
  ): Promise<void> {
    await this.service.revokeAll(DeviceSession, session.user!);
    sessions.logout(DeviceSession);
  }
}

function textOf(field: unknown): string {
  return typeof field === 'string' ? field.trim().slice(0, LONGEST_NAME) : '';
}
