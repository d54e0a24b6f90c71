import { Module } from '@nestjs/common';
import { SessionsModule } from 'nestjs-sessions';
import { ktor, KtorDirectoryStorage } from 'nestjs-sessions/ktor';
import { CartController, HeaderCartController } from './cart.controller.js';
import { CartSession, HeaderCartSession, UserSession } from './sessions.js';
import { UserController } from './user.controller.js';

// The keys of Ktor's documentation, which are refused in production. Use those of your Ktor server.
const encrypt = '00112233445566778899aabbccddeeff';
const sign = '6819b57a326945c1968f45236589';

const directory = process.env['SESSION_DIRECTORY'] ?? '.sessions';
const storage = new KtorDirectoryStorage({ directory });

@Module({
  imports: [
    SessionsModule.forRoot({
      sessions: [
        ktor({
          type: UserSession,
          version: '3.5',
          cookie: { maxAgeInSeconds: 10 },
          keys: { encrypt, sign, weak: true },
        }),
        ktor({ type: CartSession, version: '3.5', cookie: { path: '/' }, storage, keys: { sign, weak: true } }),
        ktor({ type: HeaderCartSession, version: '3.5', transport: 'header', storage, keys: { sign, weak: true } }),
      ],
    }),
  ],
  controllers: [UserController, CartController, HeaderCartController],
})
export class AppModule {}
