import { Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { SessionsModule } from 'nestjs-sessions';
import { AccountController } from './account.controller.js';
import { AuthSession } from './auth-session.js';
import { LocalStrategy, UserSerializer } from './passport.providers.js';
import { Users } from './user.js';

@Module({
  imports: [
    PassportModule.register({ session: true }),
    // Sets request.session, which passport uses.
    SessionsModule.forRoot({ sessions: [AuthSession], requestSession: AuthSession }),
  ],
  controllers: [AccountController],
  providers: [Users, LocalStrategy, UserSerializer],
})
export class AppModule {}
