import { Session, SessionOwner } from 'nestjs-sessions';

/** A cart by id: the cookie holds an id, the content is in the server's memory. */
@Session('cart', { tracker: 'by-id', idleTimeoutInSeconds: 24 * 3600 })
export class CartSession {
  /** Set at sign-in and cleared at sign-out; each change rotates the id. */
  @SessionOwner() customer?: string;
  /** Product to quantity. */
  lines = new Map<string, number>();
}
