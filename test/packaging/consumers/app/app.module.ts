import { Controller, Get, Module, Post } from '@nestjs/common';
import { CurrentSession, Session, SessionsModule } from 'nestjs-sessions';

@Session('user_session')
export class UserSession {
  userId?: string;
  visits = 0;
}

@Controller()
export class AppController {
  @Get()
  visit(@CurrentSession() session: UserSession): string {
    session.visits += 1;
    return `visit ${session.visits}`;
  }

  @Post('login')
  login(@CurrentSession() session: UserSession): string {
    session.userId = 'u1';
    return `hello ${session.userId} after ${session.visits}`;
  }
}

@Module({
  imports: [SessionsModule.forRoot({ keys: [process.env['SESSION_KEY']] })],
  controllers: [AppController],
})
export class AppModule {}
