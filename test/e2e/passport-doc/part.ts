import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { requestSession } from 'nestjs-sessions/passport';
import { AuthSession } from './auth-session.js';

export function useOnExpress(app: NestExpressApplication): void {
  app.use('/admin', requestSession(AuthSession));
}

export function useOnFastify(app: NestFastifyApplication): void {
  app.getHttpAdapter().getInstance().addHook('onRequest', requestSession(AuthSession));
}
