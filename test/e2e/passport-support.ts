import { Injectable, type ExecutionContext } from '@nestjs/common';
import { AuthGuard, PassportSerializer, PassportStrategy } from '@nestjs/passport';
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Session, SessionOwner } from 'nestjs-sessions';
import { Strategy as LocalStrategyOfPassport } from 'passport-local';
import { ask, type Answer } from '../support/client.js';
import { CookieJar } from '../support/cookie-jar.js';

/** A session with passport's data and an owner. */
@Session('auth', { tracker: 'by-id' })
export class AuthSession {
  passport?: { user?: string };
  theme?: string;

  @SessionOwner()
  get userId(): string | undefined {
    return this.passport?.user;
  }
}

export interface User {
  readonly id: string;
  readonly name: string;
}

@Injectable()
export class LocalStrategy extends PassportStrategy(LocalStrategyOfPassport) {
  validate(username: string, password: string): User | null {
    return password === 'secret' ? { id: `id-of-${username}`, name: username } : null;
  }
}

@Injectable()
export class UserSerializer extends PassportSerializer {
  serializeUser(user: User, done: (error: unknown, id: string) => void): void {
    done(null, user.id);
  }

  deserializeUser(id: string, done: (error: unknown, user: User) => void): void {
    done(null, { id, name: 'read by its id' });
  }
}

/** Signs in, and keeps the user in the session. */
@Injectable()
export class LoginGuard extends AuthGuard('local') {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context);
    await super.logIn(context.switchToHttp().getRequest());
    return true;
  }
}

/** Keeps the cookies of one application. */
export class Client {
  readonly cookies = new CookieJar();
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask(path, { headers });
  }

  post(path: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  }

  async #ask(path: string, init: Parameters<typeof ask>[1]): Promise<Answer> {
    const answer = await ask(this.#url + path, { ...init, ...this.cookies.headers });
    this.cookies.keep(answer.setCookies);
    return answer;
  }
}

/** An OAuth 2 provider with one client and one user, and optional PKCE. */
export async function startProvider(): Promise<{
  url: string;
  /** The query of the redirect after the user has consented. */
  agree(authorization: string): string;
  close(): Promise<void>;
}> {
  const challenges = new Map<string, string | null>();
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const form = new URLSearchParams(await bodyOf(request));
      const challenge = challenges.get(form.get('code') ?? '');
      const verified = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      const isGood = challenge === null || challenge === verified;
      challenges.delete(form.get('code') ?? '');
      response.writeHead(isGood ? 200 : 400, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(isGood ? { access_token: 'a token', token_type: 'bearer' } : { error: 'invalid_grant' }),
      );
    };
    void answer();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    agree: (authorization) => {
      const { searchParams } = new URL(authorization);
      const code = `code ${challenges.size}`;
      challenges.set(code, searchParams.get('code_challenge'));
      return `?${new URLSearchParams({ code, state: searchParams.get('state') ?? '' }).toString()}`;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}
