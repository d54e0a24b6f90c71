import type { DynamicModule } from '@nestjs/common';
import { SessionsModule, type SessionStorage } from 'nestjs-sessions';
import { expressSession, type OldSessionStore } from 'nestjs-sessions/migrate';
import { AuthSession } from './auth-session.js';

/** Accepts the old sessions and also writes them. */
export function bothForms(storage: SessionStorage, store: OldSessionStore, secret: string): DynamicModule {
  return SessionsModule.forRoot({
    keys: [process.env['SESSION_KEY']],
    sessions: [
      {
        type: AuthSession,
        storage,
        from: expressSession({
          secret,
          store,
          map: (old: { userId?: string; visits?: number }) =>
            old.userId ? Object.assign(new AuthSession(), { userId: old.userId, visits: old.visits ?? 0 }) : undefined,
          alsoWrite: true,
        }),
      },
    ],
  });
}
