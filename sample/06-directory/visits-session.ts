import { Counter, Session } from 'nestjs-sessions';

/** Visits of one browser. The cookie holds an id; the content is in a file. */
@Session('visits', { tracker: 'by-id', idleTimeoutInSeconds: 30 * 24 * 3600 })
export class VisitsSession {
  /** Counts parallel visits too. */
  @Counter() visits = 0;
  firstAt = new Date();
}
