import { Session, SessionOwner, sessionsOf } from 'nestjs-sessions';
import { AuthSession } from './auth-session.js';

/** Made at a login with "remember me": `sessions.login(RememberedSession, userId)`. Ended at a logout. */
@Session('remembered', {
  tracker: 'by-id',
  idleTimeoutInSeconds: 30 * 24 * 3600,
  absoluteTimeoutInSeconds: 90 * 24 * 3600,
})
export class RememberedSession {
  @SessionOwner() userId?: string;
}

/** Signs a visitor in again who is remembered. A middleware of Express, before `passport.session()`. */
export async function recallUser(request: object, _response: object, next: () => void): Promise<void> {
  const sessions = sessionsOf(request);
  const user = (await sessions.get(RememberedSession))?.userId;
  if (user !== undefined) {
    const session = await sessions.getOrSet(AuthSession, () => new AuthSession());
    if (session.userId === undefined) session.passport = { user };
  }
  next();
}
