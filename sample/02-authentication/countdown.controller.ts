import { Controller, Get, Header, HttpCode, Post } from '@nestjs/common';
import { RequireSession, SessionInfo } from 'nestjs-sessions';
import { AuthSession } from './auth-session.js';
import { COUNTDOWN } from './countdown.js';

/** For the script of the page, which tells when the session ends (WCAG 2.2, 2.2.1). */
@Controller()
export class CountdownController {
  /** Asking extends nothing. Seconds, since the clock of a browser may be wrong. */
  @RequireSession(AuthSession, { renew: false })
  @Get('session')
  endsIn(@SessionInfo(AuthSession) info: SessionInfo): { endsInSeconds: number } {
    return { endsInSeconds: Math.floor((info.expiresAt - Date.now()) / 1000) };
  }

  /** A request that uses the session renews it. */
  @RequireSession(AuthSession)
  @Post('session/stay')
  @HttpCode(204)
  stay(): void {}

  @Get('countdown.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  @Header('Cache-Control', 'max-age=600')
  script(): string {
    return COUNTDOWN;
  }
}
