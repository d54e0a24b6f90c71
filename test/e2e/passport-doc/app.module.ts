import { Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { SessionsModule } from 'nestjs-sessions';
import { AuthSession } from './auth-session.js';

@Module({
  imports: [
    PassportModule.register({ session: true }),
    SessionsModule.forRoot({ keys: [process.env['SESSION_KEY']], requestSession: AuthSession }),
  ],
})
export class AppModule {}
