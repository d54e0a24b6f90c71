import { Session, SessionOwner } from 'nestjs-sessions';

/** The visitor, by value: the sealed cookie holds the content, the server stores none. */
@Session('user_session')
export class UserSession {
  @SessionOwner() name?: string;
  visits = 0;
}
