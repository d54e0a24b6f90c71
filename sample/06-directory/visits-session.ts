import { Counter, Session } from 'nestjs-sessions';

/** Visits of one browser. The cookie holds an id; the content is a file, which outlives the process. */
@Session('visits', { tracker: 'by-id', idleTimeoutInSeconds: 30 * 24 * 3600 })
export class VisitsSession {
  /** Of visits at the same time each counts. */
  @Counter() visits = 0;
  firstAt = new Date();
}
