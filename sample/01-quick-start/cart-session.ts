import { Session, SessionOwner } from 'nestjs-sessions';

/** What they put into their cart. By id: the cookie holds an id, the lines stay in the server's memory. */
@Session('cart', { tracker: 'by-id', idleTimeoutInSeconds: 24 * 3600 })
export class CartSession {
  /** Set at sign-in and cleared at sign-out: with each change the cart gets a new id. */
  @SessionOwner() customer?: string;
  /** Product to quantity. */
  lines = new Map<string, number>();
}
