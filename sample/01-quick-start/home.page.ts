import type { CartSession } from './cart-session.js';
import type { CookieFacts } from './cookie-facts.js';
import { html, type Html } from '../shared/html.js';
import { findProduct, PRODUCTS } from './products.js';
import type { UserSession } from './user-session.js';

export interface HomePage {
  readonly user: UserSession;
  readonly userCookie: CookieFacts;
  readonly cart: CartSession;
  readonly cartCookie: CookieFacts;
  readonly cartHandle: string | undefined;
}

export function homePage({ user, userCookie, cart, cartCookie, cartHandle }: HomePage): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>nestjs-sessions: quick start</title>
        <link rel="stylesheet" href="/style.css" />
        <link rel="icon" href="data:," />
      </head>
      <body>
        <header>
          <h1>Quick start</h1>
          <p>Two sessions in one application: one in your browser, one on the server.</p>
        </header>
        <main>
          <section>
            <h2>You</h2>
            ${visitor(user)}
            <dl>
              ${cookie(userCookie)}
              <dt>Content</dt>
              <dd>sealed in the cookie</dd>
            </dl>
          </section>
          <section>
            <h2>Your cart</h2>
            ${lines(cart)}
            <ul class="products">
              ${PRODUCTS.map(
                ({ id, name, priceInCents }) =>
                  html`<li>
                    <span>${name}</span><span class="price">${euros(priceInCents)}</span>${button(
                      '/cart/add',
                      'Add',
                      `Add ${name}`,
                      id,
                    )}
                  </li>`,
              )}
            </ul>
            <dl>
              ${cookie(cartCookie)}
              <dt>Content</dt>
              <dd>in the server's memory</dd>
              <dt>Handle</dt>
              <dd>${cartHandle === undefined ? 'none yet' : html`<code>${cartHandle.slice(0, 12)}</code>`}</dd>
            </dl>
          </section>
        </main>
      </body>
    </html>`;
}

function visitor({ name, visits }: UserSession): Html {
  const count = html`<p class="count"><strong>${visits}</strong> ${visits === 1 ? 'visit' : 'visits'}</p>`;
  if (name !== undefined) {
    return html`${count}
      <div class="row">
        <p>Signed in as <b>${name}</b></p>
        ${button('/logout', 'Sign out')}
      </div>`;
  }
  return html`${count}
    <form method="post" action="/login" class="row">
      <input name="name" aria-label="Your name" placeholder="Your name" maxlength="40" autocomplete="off" required />
      <button class="primary">Sign in</button>
    </form>`;
}

function lines(cart: CartSession): Html {
  const bought = [...cart.lines].flatMap(([id, quantity]) => {
    const product = findProduct(id);
    return product ? [{ product, quantity }] : [];
  });
  if (bought.length === 0) return html`<p class="quiet">Empty.</p>`;
  const total = bought.reduce((sum, { product, quantity }) => sum + quantity * product.priceInCents, 0);
  return html`<ul class="lines">
      ${bought.map(
        ({ product, quantity }) =>
          html`<li>
            <span>${quantity} × ${product.name}</span
            ><span class="price">${euros(quantity * product.priceInCents)}</span>${button(
              '/cart/remove',
              'Remove',
              `Remove ${product.name}`,
              product.id,
            )}
          </li>`,
      )}
    </ul>
    <div class="row">
      <p>Total <b>${euros(total)}</b></p>
      ${button('/cart/empty', 'Empty the cart')}
    </div>`;
}

function cookie({ name, bytes, attributes }: CookieFacts): Html {
  return html`<dt>Cookie</dt>
    <dd><code>${name}</code></dd>
    <dt>Size</dt>
    <dd>${bytes === undefined ? 'none sent yet' : `${bytes} bytes`}</dd>
    <dt>Attributes</dt>
    <dd>${attributes}</dd>`;
}

function button(action: string, text: string, label?: string, product?: string): Html {
  return html`<form method="post" action="${action}">
    ${product === undefined ? undefined : html`<input type="hidden" name="product" value="${product}" />`}
    <button aria-label="${label ?? text}">${text}</button>
  </form>`;
}

function euros(cents: number): string {
  return `€ ${(cents / 100).toFixed(2)}`;
}
