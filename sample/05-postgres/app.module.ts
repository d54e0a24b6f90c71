import { Module } from '@nestjs/common';
import { SessionsModule } from 'nestjs-sessions';
import { postgresSessionStorage } from 'nestjs-sessions/postgres';
import { CartController } from './cart.controller.js';
import { CartSession } from './cart-session.js';
import { PostgresConnection, PostgresModule } from './postgres-connection.js';

@Module({
  imports: [
    SessionsModule.forRootAsync({
      imports: [PostgresModule],
      inject: [PostgresConnection],
      useFactory: ({ pool }: PostgresConnection) => ({
        sessions: [CartSession],
        storage: postgresSessionStorage({
          pool,
          table: process.env['SESSIONS_TABLE'] ?? 'sample_sessions',
          // So that one command is enough. Migrations take the statements of postgresSessionTable() instead.
          createTable: true,
        }),
      }),
    }),
  ],
  controllers: [CartController],
})
export class AppModule {}
