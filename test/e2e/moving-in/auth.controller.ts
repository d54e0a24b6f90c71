import { Body, Controller, Get, Post } from '@nestjs/common';
import { CurrentSession, Sessions, type RequestSessions } from 'nestjs-sessions';
import { AuthSession } from './auth-session.js';

@Controller()
export class AuthController {
  @Post('login')
  login(@CurrentSession() session: AuthSession, @Body() { user }: { user: string }): object {
    // A change of the owner gives the session a new id: no regenerate.
    session.userId = user;
    return { userId: session.userId };
  }

  @Get('visit')
  visit(@CurrentSession() session: AuthSession): object {
    session.visits += 1;
    return session;
  }

  @Post('logout')
  logout(@Sessions() sessions: RequestSessions): object {
    sessions.clear(AuthSession);
    return {};
  }
}
