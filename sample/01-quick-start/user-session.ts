import { Session, SessionOwner } from 'nestjs-sessions';

/** Who visits. By value: all of it travels in the cookie, sealed, and the server keeps nothing. */
@Session('user_session')
export class UserSession {
  @SessionOwner() name?: string;
  visits = 0;
}
