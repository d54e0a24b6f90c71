import { Session, SessionOwner } from 'nestjs-sessions';

/** One signed-in device. By id, so that the server can list sessions and end them. */
@Session('auth', {
  tracker: 'by-id',
  idleTimeoutInSeconds: 30 * 60,
  absoluteTimeoutInSeconds: 12 * 3600,
  // The maxima for "remember me".
  maximumIdleTimeoutInSeconds: 30 * 24 * 3600,
  maximumAbsoluteTimeoutInSeconds: 90 * 24 * 3600,
})
export class AuthSession {
  /** The owner. Guards require it, and sign-in gives the session a new id. */
  @SessionOwner() userId?: string;
  /** From the user agent, such as "Firefox on Linux". */
  device = '';
}
