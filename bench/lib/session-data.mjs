import 'reflect-metadata';
import { Type } from 'class-transformer';

/** One item of a cart; the large session has many. */
export class CartItem {
  sku = '';
  title = '';
  quantity = 0;
  price = 0;
}

/** The session data: a typed instance for this package, plain JSON for the others. */
export class BenchSession {
  userId = '';
  name = '';
  email = '';
  roles = [];
  locale = '';
  csrfToken = '';
  visits = 0;
  signedInAt = new Date(0);
  seenAt = new Date(0);
  items = [];
}
Type(() => Date)(BenchSession.prototype, 'signedInAt');
Type(() => Date)(BenchSession.prototype, 'seenAt');
Type(() => CartItem)(BenchSession.prototype, 'items');

const ITEMS = { small: 0, large: 31 };

/** A session of about 300 bytes (`small`) or 2.5 kB (`large`) of JSON. */
export function newSession(size) {
  const session = Object.assign(new BenchSession(), {
    userId: 'u-48213',
    name: 'Ada Lovelace',
    email: 'ada.lovelace@example.com',
    roles: ['member', 'editor'],
    locale: 'en-GB',
    csrfToken: 'dGhpcyBpcyBub3QgYSBzZWNyZXQgYXQgYWxsLi4u',
    visits: 0,
    signedInAt: new Date('2025-01-02T03:04:05.678Z'),
    seenAt: new Date('2025-01-02T04:05:06.789Z'),
  });
  for (let index = 0; index < ITEMS[size]; index++) {
    session.items.push(
      Object.assign(new CartItem(), {
        sku: `SKU-${10_000 + index}`,
        title: 'Difference engine',
        quantity: 1,
        price: 1999,
      }),
    );
  }
  return session;
}

/** The same as plain JSON. */
export function newPlainSession(size) {
  return JSON.parse(JSON.stringify(newSession(size)));
}
