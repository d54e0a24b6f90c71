import { Session, SessionOwner } from 'nestjs-sessions';

@Session('auth', { tracker: 'by-id' })
export class AuthSession {
  /** Set by passport, from your serializeUser. */
  passport?: { user?: string };
  /** Set by connect-flash. */
  flash?: Record<string, string[]>;

  @SessionOwner()
  get userId(): string | undefined {
    return this.passport?.user;
  }
}
