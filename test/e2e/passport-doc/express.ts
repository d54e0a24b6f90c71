import type { INestApplication } from '@nestjs/common';
import passport from 'passport';

export function usePassport(app: INestApplication): void {
  app.use(passport.initialize());
  app.use(passport.session());
}
