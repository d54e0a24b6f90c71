import { Body, Controller, Get, Header, Headers, Post, Redirect } from '@nestjs/common';
import { CurrentSession, SessionId, Sessions, SessionsService, type RequestSessions } from 'nestjs-sessions';
import { CartSession } from './cart-session.js';
import { cookieFacts } from './cookie-facts.js';
import { homePage } from './home.page.js';
import { HtmlPage } from '../shared/html.js';
import { STYLE } from './style.js';
import { UserSession } from './user-session.js';

const LONGEST_NAME = 40;

@Controller()
export class HomeController {
  constructor(private readonly service: SessionsService) {}

  @Get()
  @HtmlPage()
  home(
    @CurrentSession() user: UserSession,
    @Headers('cookie') cookies = '',
    @CurrentSession({ optional: true }) cart?: CartSession,
    @SessionId(CartSession) cartId?: string,
  ): string {
    user.visits += 1;
    return homePage({
      user,
      userCookie: cookieFacts(cookies, 'user_session', 7),
      cart: cart ?? new CartSession(),
      cartCookie: cookieFacts(cookies, 'cart', 1),
      cartHandle: cartId === undefined ? undefined : this.service.handleOf(CartSession, cartId),
    }).text;
  }

  @Post('login')
  @Redirect('/', 303)
  async login(
    @Body('name') name: unknown,
    @Sessions() sessions: RequestSessions,
    @CurrentSession({ optional: true }) cart?: CartSession,
  ): Promise<void> {
    const trimmed = typeof name === 'string' ? name.trim().slice(0, LONGEST_NAME) : '';
    if (trimmed === '') return;
    await sessions.login(UserSession, trimmed);
    if (cart) await sessions.login(CartSession, trimmed);
  }

  @Post('logout')
  @Redirect('/', 303)
  logout(@Sessions() sessions: RequestSessions): void {
    sessions.logout(UserSession);
    sessions.logout(CartSession);
  }

  /** Uses no session, so the response has no session headers and may be cached. */
  @Get('style.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  @Header('Cache-Control', 'max-age=600')
  style(): string {
    return STYLE;
  }
}
