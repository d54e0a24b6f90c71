import type { INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import passport from 'passport';

/** Reads the user of each request from its session: by middleware on Express, by hooks on Fastify. */
export function usePassport(app: INestApplication): void {
  const middleware = [passport.initialize(), passport.session()];
  if (app.getHttpAdapter().getType() === 'express') {
    (app as NestExpressApplication).use(...middleware);
    return;
  }
  const fastify = app.getHttpAdapter().getInstance() as { addHook(name: 'onRequest', hook: unknown): void };
  for (const one of middleware) fastify.addHook('onRequest', one);
}
