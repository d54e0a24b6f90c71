import cookieSession from 'cookie-session';
import { createApp } from '../lib/nest.mjs';
import { requestSessionController } from './request-session.mjs';

export const cookieSessionSigned = {
  name: 'cookie-session',
  label: 'cookie-session (signed)',
  side: 'peer',
  platforms: ['express'],
  async start(platform) {
    const app = await createApp(platform, requestSessionController());
    app.use(cookieSession({ name: 'bench', keys: ['bTJ5x0zq8Wc1vKf4RaY7uNd2Ls9Ph6Gt'] }));
    return app;
  },
};
