import { Module } from '@nestjs/common';
import { SessionsModule } from 'nestjs-sessions';
import { AccountController } from './account.controller.js';
import { ActingController } from './acting.controller.js';
import { AuthController } from './auth.controller.js';
import { AuthSession } from './auth-session.js';
import { ConfirmController } from './confirm.controller.js';
import { CountdownController } from './countdown.controller.js';
import { UsersService } from './users.service.js';

@Module({
  // Without a storage, by-id sessions are kept in memory and end with this process.
  imports: [SessionsModule.forRoot({ sessions: [AuthSession] })],
  controllers: [AuthController, AccountController, ConfirmController, CountdownController, ActingController],
  providers: [UsersService],
})
export class AppModule {}
