import { Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Strategy } from 'passport-oauth2';
import { SessionsModule } from 'nestjs-sessions';
import { ask } from '../support/client.js';
import { runDoc } from '../support/doc-blocks.js';
import { platforms, startApp } from '../support/platforms.js';

it('the state of an OAuth login is kept in a session, and used once', async () => {
  const { OAuthSession, stateStore: store } = await runDoc('docs/oauth-state.md');
  const provider = createServer((_, response) => {
    response.setHeader('content-type', 'application/json').end('{"access_token":"t","token_type":"bearer"}');
  });
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  const providerUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;

  @Injectable()
  class ProviderStrategy extends PassportStrategy(Strategy, 'provider') {
    constructor() {
      super({
        authorizationURL: `${providerUrl}/authorize`,
        tokenURL: `${providerUrl}/token`,
        clientID: 'id',
        clientSecret: 'secret',
        callbackURL: 'http://app.example/callback',
        store,
      });
    }
    validate(): object {
      return { name: 'ann' };
    }
  }

  @Controller()
  class LoginController {
    @Get('login') @UseGuards(AuthGuard('provider')) login(): void {}
    @Get('callback') @UseGuards(AuthGuard('provider')) callback(): string {
      return 'signed in';
    }
  }

  const { url, close } = await startApp(platforms[0]!, {
    imports: [SessionsModule.forRoot({ sessions: [OAuthSession] })],
    controllers: [LoginController],
    providers: [ProviderStrategy],
  });
  const login = await ask(`${url}/login`);
  const state = new URL(login.headers.get('location')!).searchParams.get('state')!;
  const callback = `${url}/callback?code=c&state=`;
  const cookie = login.cookie('oauth');
  expect((await ask(`${callback}wrong`, { cookie })).status).toBe(401);
  expect((await ask(callback + state)).status).toBe(401);
  const answer = await ask(callback + state, { cookie });
  expect([answer.status, answer.text]).toEqual([200, 'signed in']);
  expect(answer.setCookie('oauth')).toContain('Max-Age=0');
  await close();
  provider.close();
});
