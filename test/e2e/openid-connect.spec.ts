import { Controller, Get, Req } from '@nestjs/common';
import { auth, type ConfigParams } from 'express-openid-connect';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CurrentSession, SessionsModule } from 'nestjs-sessions';
import { platforms, startApp, type Platform, type RunningApp } from '../support/platforms.js';
import { ask } from '../support/client.js';
import { AuthSession, Client } from './passport-support.js';

const [express] = platforms as readonly [Platform];
const CLIENT = 'this application';

// It warns about http.
let warn: typeof console.warn;
beforeAll(() => {
  ({ warn } = console);
  console.warn = () => {};
});
afterAll(() => {
  console.warn = warn;
});

/** An OpenID provider with one user, who always consents. */
async function startProvider(): Promise<{ url: string; idToken(nonce: string): string; close(): Promise<void> }> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let url = '';
  const server = createServer((request, response) => {
    const answers: Record<string, object> = {
      '/.well-known/openid-configuration': {
        issuer: url,
        authorization_endpoint: `${url}/authorize`,
        token_endpoint: `${url}/token`,
        jwks_uri: `${url}/keys`,
        response_types_supported: ['id_token'],
        response_modes_supported: ['form_post'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      },
      '/keys': { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: '1', alg: 'RS256', use: 'sig' }] },
    };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answers[request.url ?? ''] ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    url,
    idToken: (nonce) => {
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: url, aud: CLIENT, sub: 'ada', nonce, iat: now, exp: now + 600 };
      const signed = `${part({ alg: 'RS256', kid: '1', typ: 'JWT' })}.${part(claims)}`;
      return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

describe('express-openid-connect on express', () => {
  it('signs in with its own cookie, independently of the session', async () => {
    @Controller()
    class ProfileController {
      @Get('profile')
      profile(@Req() request: { oidc: { user?: { sub: string } } }, @CurrentSession() session: AuthSession): object {
        session.theme = 'dark';
        return { user: request.oidc.user?.sub };
      }
    }
    const provider = await startProvider();
    let running: RunningApp | undefined;
    try {
      running = await startApp(express, {
        imports: [
          SessionsModule.forRoot({
            keys: 'kjkg28cCOHIHPjphbGZhe4LHFn_3mtHWg1kzOn7HCyM',
            sessions: [AuthSession],
            requestSession: AuthSession,
          }),
        ],
        controllers: [ProfileController],
        prepare: (app) => {
          const options: ConfigParams = {
            issuerBaseURL: provider.url,
            baseURL: 'http://localhost',
            clientID: CLIENT,
            secret: 'the secret of the cookies of express-openid-connect',
            authRequired: false,
            session: { cookie: { secure: false } },
            authorizationParams: { response_type: 'id_token', response_mode: 'form_post' },
          };
          app.use(auth(options));
        },
      });
      const client = new Client(running.url);
      expect((await client.get('/profile')).json()).toEqual({});
      const login = await client.get('/login');
      expect(login.status).toBe(302);
      const { searchParams } = new URL(login.headers.get('location')!);
      const form = new URLSearchParams({
        id_token: provider.idToken(searchParams.get('nonce')!),
        state: searchParams.get('state')!,
      });
      const callback = await ask(`${running.url}/callback`, {
        method: 'POST',
        body: form.toString(),
        cookie: [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
      expect([callback.status, callback.text]).toEqual([302, expect.any(String)]);
      client.cookies.set('appSession', callback.cookie('appSession').slice('appSession='.length));
      expect((await client.get('/profile')).json()).toEqual({ user: 'ada' });
      expect(client.cookies.has('auth')).toBe(true);
    } finally {
      await running?.close();
      await provider.close();
    }
  });
});
