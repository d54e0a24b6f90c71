import express, { type Express, type Request } from 'express';
import session, { type Store } from 'express-session';

type OldRequest = Request & { session: { userId?: string; visits?: number } };

/** The old application. */
export function oldApplication(store: Store, secret: string): Express {
  const app = express();
  app.use(express.json());
  app.use(session({ secret, store, resave: false, saveUninitialized: false }));
  app.post('/login', (request: OldRequest, response, next) => {
    request.session.regenerate((error) => {
      if (error) return next(error);
      request.session.userId = (request.body as { user: string }).user;
      response.json({ userId: request.session.userId });
    });
  });
  app.get('/visit', (request: OldRequest, response) => {
    const { session: present } = request;
    present.visits = (present.visits ?? 0) + 1;
    response.json({ userId: present.userId, visits: present.visits });
  });
  app.post('/logout', (request: OldRequest, response, next) => {
    request.session.destroy((error) => (error ? next(error) : response.json({})));
  });
  return app;
}
