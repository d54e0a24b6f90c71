import { Session, SessionOwner } from 'nestjs-sessions';

/** What passport keeps of the user, and what the visitor has whether signed in or not. */
@Session('auth', { tracker: 'by-id' })
export class AuthSession {
  passport?: { user?: string };
  visits = 0;

  /** Whose session it is: gives a new id at each login, and lets SessionsService list and end a user's sessions. */
  @SessionOwner()
  get userId(): string | undefined {
    return this.passport?.user;
  }
}
