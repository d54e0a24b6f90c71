import { Module } from '@nestjs/common';
import { SessionsModule } from 'nestjs-sessions';
import { CartController } from './cart.controller.js';
import { CartSession } from './cart-session.js';
import { HomeController } from './home.controller.js';
import { UserSession } from './user-session.js';

@Module({
  imports: [
    SessionsModule.forRoot({
      // Without it: a random key, and a log line that shows how to create one.
      keys: process.env['SESSION_KEY'],
      sessions: [UserSession, CartSession],
    }),
  ],
  controllers: [HomeController, CartController],
})
export class AppModule {}
