import session from 'express-session';
import nestjsSession from 'nestjs-session';
import { createApp } from '../lib/nest.mjs';
import { requestSessionController } from './request-session.mjs';

/** express-session in a Nest middleware, with the store in memory. */
export const nestjsSessionMemory = {
  name: 'nestjs-session-memory',
  label: 'nestjs-session, memory',
  side: 'peer',
  platforms: ['express'],
  start: (platform) =>
    createApp(platform, requestSessionController(), [
      nestjsSession.SessionModule.forRoot({
        session: {
          secret: 'bTJ5x0zq8Wc1vKf4RaY7uNd2Ls9Ph6Gt',
          name: 'bench',
          resave: false,
          saveUninitialized: false,
          store: new session.MemoryStore(),
        },
      }),
    ]),
};
