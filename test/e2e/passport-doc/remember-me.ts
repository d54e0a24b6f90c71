import { Session, SessionOwner } from 'nestjs-sessions';

const DAY = 24 * 3600;

@Session('remembered', {
  tracker: 'by-id',
  idleTimeoutInSeconds: DAY,
  maximumIdleTimeoutInSeconds: 30 * DAY,
  absoluteTimeoutInSeconds: 90 * DAY,
})
export class RememberedSession {
  @SessionOwner() userId?: string;
}

/** After `request.logIn`. */
export function remember(session: { cookie: { maxAge: number | null } }, checked: boolean): void {
  session.cookie.maxAge = checked ? 30 * DAY * 1000 : null;
}
