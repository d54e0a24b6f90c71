import { BadRequestException, Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { CurrentSession, Sessions, type RequestSessions } from 'nestjs-sessions';
import { CartSession } from './cart-session.js';

const PRODUCTS: readonly unknown[] = ['tea', 'pot', 'cup'];

@Controller('cart')
export class CartController {
  @Get()
  show(@CurrentSession({ optional: true }) cart?: CartSession): Record<string, number> {
    return Object.fromEntries(cart?.lines ?? []);
  }

  /** `update` keeps parallel changes, also between processes: it changes the current content. */
  @Post()
  async add(@Body('product') product: unknown, @Sessions() sessions: RequestSessions): Promise<Record<string, number>> {
    if (!isProduct(product)) throw new BadRequestException(`product must be one of ${PRODUCTS.join(', ')}`);
    const { lines } = await sessions.update(CartSession, (cart) => {
      cart.lines.set(product, (cart.lines.get(product) ?? 0) + 1);
    });
    return Object.fromEntries(lines);
  }

  @Delete()
  @HttpCode(204)
  empty(@Sessions() sessions: RequestSessions): void {
    sessions.clear(CartSession);
  }
}

function isProduct(product: unknown): product is string {
  return PRODUCTS.includes(product);
}
