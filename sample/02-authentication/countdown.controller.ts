import { Controller, Get, Header, HttpCode, Post } from '@nestjs/common';
import { RequireSession, SessionInfo } from 'nestjs-sessions';
import { AuthSession } from './auth-session.js';
import { COUNTDOWN } from './countdown.js';

/** For the page's script, which shows when the session ends (WCAG 2.2, 2.2.1). */
@Controller()
export class CountdownController {
  /** Does not renew. Returns remaining seconds, because the browser's clock may be wrong. */
  @RequireSession(AuthSession, { renew: false })
  @Get('session')
  endsIn(@SessionInfo(AuthSession) info: SessionInfo): { endsInSeconds: number } {
    return { endsInSeconds: Math.floor((info.expiresAt - Date.now()) / 1000) };
  }

  /** Renews the session. */
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
