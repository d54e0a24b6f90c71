import { Session } from 'nestjs-sessions';

/** A cart. The cookie holds an id; the content is in PostgreSQL, for every process. */
@Session('postgres_cart', { tracker: 'by-id', idleTimeoutInSeconds: 7 * 24 * 3600 })
export class CartSession {
  /** Product to quantity. */
  lines = new Map<string, number>();
}
