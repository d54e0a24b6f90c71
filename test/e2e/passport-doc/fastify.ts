import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import passport from 'passport';

export function usePassport(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', passport.initialize() as never);
  fastify.addHook('onRequest', passport.session() as never);
}
