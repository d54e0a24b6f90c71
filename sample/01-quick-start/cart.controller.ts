import { Body, Controller, Post, Redirect } from '@nestjs/common';
import { CurrentSession, Sessions, type RequestSessions } from 'nestjs-sessions';
import { CartSession } from './cart-session.js';
import { findProduct } from './products.js';
import { UserSession } from './user-session.js';

@Controller('cart')
export class CartController {
  @Post('add')
  @Redirect('/', 303)
  add(
    @Body('product') id: unknown,
    @CurrentSession() cart: CartSession,
    @CurrentSession({ optional: true }) user?: UserSession,
  ): void {
    const product = findProduct(id);
    if (!product) return;
    cart.lines.set(product.id, (cart.lines.get(product.id) ?? 0) + 1);
    if (user?.name !== undefined) cart.customer = user.name;
  }

  @Post('remove')
  @Redirect('/', 303)
  remove(@Body('product') id: unknown, @CurrentSession({ optional: true }) cart?: CartSession): void {
    const product = findProduct(id);
    if (product) cart?.lines.delete(product.id);
  }

  @Post('empty')
  @Redirect('/', 303)
  empty(@Sessions() sessions: RequestSessions): void {
    sessions.clear(CartSession);
  }
}
