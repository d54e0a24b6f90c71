import { Session, SessionOwner } from 'nestjs-sessions';

/** What the old application kept in `req.session`, as a class. */
@Session('auth', { tracker: 'by-id' })
export class AuthSession {
  @SessionOwner() userId?: string;
  visits = 0;
}
