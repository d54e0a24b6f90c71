import { Module } from '@nestjs/common';
import { SessionsModule } from 'nestjs-sessions';
import { directorySessionStorage } from 'nestjs-sessions/directory';
import { VisitsController } from './visits.controller.js';
import { VisitsSession } from './visits-session.js';

@Module({
  imports: [
    SessionsModule.forRootAsync({
      useFactory: () => ({
        sessions: [VisitsSession],
        storage: directorySessionStorage({ directory: process.env['SESSIONS_DIRECTORY'] ?? '.sessions' }),
      }),
    }),
  ],
  controllers: [VisitsController],
})
export class AppModule {}
