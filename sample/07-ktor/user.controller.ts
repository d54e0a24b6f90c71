import { Controller, Get, Redirect } from '@nestjs/common';
import { CurrentSession, Sessions, type RequestSessions } from 'nestjs-sessions';
import { UserSession } from './sessions.js';

/** Ktor's sample session-cookie-client: the content in a cookie, signed and encrypted. */
@Controller()
export class UserController {
  @Get('login')
  @Redirect('/user', 302)
  login(@Sessions() sessions: RequestSessions): void {
    sessions.set(Object.assign(new UserSession(), { id: '123abc', count: 0 }));
  }

  @Get('user')
  user(@CurrentSession({ optional: true }) session?: UserSession): string {
    if (!session) return "Session doesn't exist or is expired.";
    return `Session ID is ${session.id}. Reload count is ${session.count++}.`;
  }

  @Get('logout')
  @Redirect('/user', 302)
  logout(@Sessions() sessions: RequestSessions): void {
    sessions.clear(UserSession);
  }
}
