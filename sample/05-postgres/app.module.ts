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
          // For the sample. In a migration, use the statements of postgresSessionTable().
          createTable: true,
        }),
      }),
    }),
  ],
  controllers: [CartController],
})
export class AppModule {}
