import { Controller, Get, Post, Redirect, Req, UseGuards } from '@nestjs/common';
import { CurrentSession } from 'nestjs-sessions';
import { html, HtmlPage } from '../shared/html.js';
import { AuthSession } from './auth-session.js';
import { LoginGuard } from './passport.providers.js';
import type { User } from './user.js';

interface PassportRequest {
  readonly user?: User;
  logout(options: object, done: (error?: unknown) => void): void;
}

@Controller()
export class AccountController {
  @Get()
  @HtmlPage()
  page(@CurrentSession() session: AuthSession, @Req() { user }: PassportRequest): string {
    session.visits += 1;
    const visits = html`<p>Visit ${session.visits}</p>`;
    if (user) {
      return html`<h1>Hello, ${user.name}</h1>
        ${visits}
        <form method="post" action="/logout"><button>Sign out</button></form>`.text;
    }
    return html`<h1>Sign in</h1>
      ${visits}
      <form method="post" action="/login">
        <input name="username" placeholder="ada" /><input
          name="password"
          type="password"
          placeholder="first-compiler"
        />
        <button>Sign in</button>
      </form>`.text;
  }

  @Post('login')
  @UseGuards(LoginGuard)
  @Redirect('/', 303)
  login(): void {}

  @Post('logout')
  @Redirect('/', 303)
  logout(@Req() request: PassportRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      request.logout({}, (error) => (error ? reject(error) : resolve()));
    });
  }
}
