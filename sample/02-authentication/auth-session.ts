import { Session, SessionOwner } from 'nestjs-sessions';

/** One signed-in device. By id, so that the server can list sessions and end them. */
@Session('auth', {
  tracker: 'by-id',
  idleTimeoutInSeconds: 30 * 60,
  absoluteTimeoutInSeconds: 12 * 3600,
})
export class AuthSession {
  /** When it changes, the session gets a new id: one that somebody planted before the sign-in is worth nothing. */
  @SessionOwner() userId?: string;
  /** What the device calls itself, such as "Firefox on Linux". */
  device = '';
}

/** For `@RequireSession`: whether somebody is signed in. */
export function isSignedIn(session: AuthSession): boolean {
  return session.userId !== undefined;
}
