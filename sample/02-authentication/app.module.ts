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
  // By-id sessions without a storage are kept in memory: they end with this process.
  imports: [SessionsModule.forRoot({ sessions: [AuthSession] })],
  controllers: [AuthController, AccountController, ConfirmController, CountdownController, ActingController],
  providers: [UsersService],
})
export class AppModule {}
