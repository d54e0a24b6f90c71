import type { DynamicModule } from '@nestjs/common';
import { SessionsModule, type SessionStorage } from 'nestjs-sessions';
import { AuthSession } from './auth-session.js';

/** The migration is complete. */
export function moved(storage: SessionStorage): DynamicModule {
  return SessionsModule.forRoot({
    keys: [process.env['SESSION_KEY']],
    sessions: [{ type: AuthSession, storage }],
  });
}
