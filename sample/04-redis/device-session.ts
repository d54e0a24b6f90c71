import { Session, SessionOwner } from 'nestjs-sessions';

/** One signed-in device. The content is in Redis, so every process can read it. */
@Session('device', {
  tracker: 'by-id',
  idleTimeoutInSeconds: 30 * 60,
  absoluteTimeoutInSeconds: 12 * 3600,
})
export class DeviceSession {
  @SessionOwner() user?: string;
  device = '';
}
