import { Session, SessionOwner } from 'nestjs-sessions';

@Session('auth', { tracker: 'by-id' })
export class AuthSession {
  /** What passport keeps: what your serializeUser gave it. */
  passport?: { user?: string };
  /** What connect-flash keeps. */
  flash?: Record<string, string[]>;

  @SessionOwner()
  get userId(): string | undefined {
    return this.passport?.user;
  }
}
