import { Body, Controller, ForbiddenException, Post, Redirect } from '@nestjs/common';
import { CurrentSession, RequireSession, Sessions, type RequestSessions } from 'nestjs-sessions';
import { AuthSession } from './auth-session.js';
import { UsersService } from './users.service.js';

/** Support acts as the owner of an account, for 15 minutes and with a reason. */
@Controller()
@RequireSession(AuthSession, { redirectTo: '/login' })
export class ActingController {
  constructor(private readonly users: UsersService) {}

  @Post('act-as')
  @Redirect('/account', 303)
  async actAs(
    @Body('user') id: unknown,
    @Body('reason') reason: unknown,
    @CurrentSession() session: AuthSession,
    @Sessions() sessions: RequestSessions,
  ): Promise<void> {
    const user = this.users.othersFor(session.userId).find((other) => other.id === id);
    if (!user || typeof reason !== 'string' || reason.trim() === '') throw new ForbiddenException();
    const acting = await sessions.actAs(AuthSession, user.id, { reason: reason.slice(0, 80), maxSeconds: 900 });
    acting.device = 'Support';
  }

  @Post('stop-acting')
  @Redirect('/account', 303)
  async stop(@Sessions() sessions: RequestSessions): Promise<void> {
    await sessions.stopActing(AuthSession);
  }
}
