import { Controller, Get, Redirect } from '@nestjs/common';
import { CurrentSession, Sessions, type RequestSessions } from 'nestjs-sessions';
import { CartSession, HeaderCartSession } from './sessions.js';

const basket = (cart: CartSession | undefined): string =>
  cart ? `Product IDs: [${cart.productIDs.join(', ')}]` : 'Your basket is empty.';

/** Ktor's sample session-cookie-server: an id in a cookie, the content in a directory. */
@Controller('cart')
export class CartController {
  @Get('login')
  @Redirect('/cart', 302)
  login(@Sessions() sessions: RequestSessions): void {
    sessions.set(Object.assign(new CartSession(), { userID: '123', productIDs: [1, 3, 7] }));
  }

  @Get()
  show(@CurrentSession({ optional: true }) cart?: CartSession): string {
    return basket(cart);
  }

  @Get('logout')
  @Redirect('/cart', 302)
  logout(@Sessions() sessions: RequestSessions): void {
    sessions.clear(CartSession);
  }
}

/** Ktor's sample session-header-server: an id in a header. */
@Controller('header-cart')
export class HeaderCartController {
  @Get('login')
  login(@Sessions() sessions: RequestSessions): string {
    sessions.set(Object.assign(new HeaderCartSession(), { userID: '123', productIDs: [1, 3, 7] }));
    return 'Successful login';
  }

  @Get()
  show(@CurrentSession({ optional: true }) cart?: HeaderCartSession): string {
    return basket(cart);
  }

  @Get('logout')
  logout(@Sessions() sessions: RequestSessions): string {
    sessions.clear(HeaderCartSession);
    return 'Successful logout';
  }
}
