import { Session, SessionOwner } from 'nestjs-sessions';

/** The data of passport, and of every visitor. */
@Session('auth', { tracker: 'by-id' })
export class AuthSession {
  passport?: { user?: string };
  visits = 0;

  /** The owner: a login rotates the id, and SessionsService finds the user's sessions. */
  @SessionOwner()
  get userId(): string | undefined {
    return this.passport?.user;
  }
}
