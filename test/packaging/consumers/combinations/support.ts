import 'reflect-metadata';
import { Controller, Get, Post, type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  CurrentSession,
  RequireSession,
  Session,
  SessionOwner,
  Sessions,
  SessionsModule,
  SessionsService,
  type RequestSessions,
} from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import type { AddressInfo } from 'node:net';

export type Platform = 'express' | 'fastify';

@Session('user', { tracker: 'by-id' })
export class UserSession {
  @SessionOwner() name?: string;
  visits = 0;
  language?: string;
}

/** The common handlers of all applications in this folder. */
@Controller()
export class UserController {
  @Get('visit') visit(@CurrentSession() session: UserSession): string {
    session.visits += 1;
    return `visit ${session.visits}`;
  }

  @Post('login') async login(@Sessions() sessions: RequestSessions): Promise<string> {
    await sessions.login(UserSession, 'ann');
    return 'in';
  }

  @Get('secret')
  @RequireSession(UserSession, { validate: ({ name }) => name !== undefined })
  secret(@CurrentSession() session: UserSession): string {
    return `secret of ${session.name}`;
  }
}

export interface Running {
  readonly app: INestApplication;
  readonly url: string;
}

export interface Parts extends ModuleMetadata {
  /** Prepares the application before it listens. */
  readonly prepare?: (app: INestApplication) => unknown;
}

/** Creates an application of these parts and {@link UserController}. */
export async function create(platform: Platform, { prepare, ...parts }: Parts): Promise<INestApplication> {
  class AppModule {}
  const hasSessions = parts.imports?.some((one) => 'module' in one && one.module === SessionsModule);
  const module = {
    ...parts,
    module: AppModule,
    imports: [...(hasSessions ? [] : [SessionsModule.forRoot()]), ...(parts.imports ?? [])],
    controllers: [...(parts.controllers ?? []), UserController],
  };
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create(module, adapter, { logger: ['error'], abortOnError: false });
  await prepare?.(app);
  return app;
}

/** Starts such an application on a free port. */
export async function start(platform: Platform, parts: Parts): Promise<Running> {
  const app = await create(platform, parts);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, url: `http://127.0.0.1:${port}` };
}

export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A client with a cookie jar. */
export class Browser {
  readonly cookies = new Map<string, string>();

  constructor(readonly url: string) {}

  get(path: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.#go(path, { headers });
  }

  post(path: string, body?: object): Promise<Page> {
    if (body === undefined || body instanceof FormData) return this.#go(path, { method: 'POST', body: body ?? null });
    const headers = { 'content-type': 'application/json' };
    return this.#go(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  async #go(path: string, { headers, ...init }: RequestInit): Promise<Page> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(this.url + path, {
      ...init,
      redirect: 'manual',
      headers: { ...(headers as Record<string, string>), ...(cookie ? { cookie } : {}) },
    });
    const text = await response.text();
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (line.includes('Max-Age=0')) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return { status: response.status, headers: response.headers, text };
  }
}

/** Checks that a session is stored and read, and that a guard refuses it after its revocation. */
export async function expectSessions({ app, url }: Running): Promise<void> {
  const browser = new Browser(url);
  for (const visit of [1, 2]) assert.equal((await browser.get('/visit')).text, `visit ${visit}`);
  assert.equal((await browser.get('/secret')).status, 401);
  assert.equal((await browser.post('/login')).text, 'in');
  assert.equal((await browser.get('/secret')).text, 'secret of ann');
  assert.equal((await browser.get('/visit')).text, 'visit 3');
  assert.equal((await new Browser(url).get('/secret')).status, 401);
  assert.equal(await app.get(SessionsService).revokeAll(UserSession, 'ann'), 1);
  assert.equal((await browser.get('/secret')).status, 401);
}
