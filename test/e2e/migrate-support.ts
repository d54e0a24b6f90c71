import fastifyCookie from '@fastify/cookie';
import fastifySecureSessionPlugin from '@fastify/secure-session';
import fastifySessionPlugin from '@fastify/session';
import { Body, Controller, Get, Post } from '@nestjs/common';
import cookieSessionMiddleware from 'cookie-session';
import express, { type Request, type RequestHandler, type Response } from 'express';
import expressSessionMiddleware from 'express-session';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { getIronSession, nodeCookies } from 'iron-session';
import { getIronSession as getIronSession8 } from 'iron-session-8';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CurrentSession, Session, SessionOwner, Sessions, type RequestSessions } from 'nestjs-sessions';
import { CookieJar } from '../support/cookie-jar.js';

/** The session data of the old applications. */
export interface OldContent {
  userId?: string;
  n?: number;
  cart?: string[];
}

/** The session of the new applications. */
@Session('auth')
export class AuthSession {
  @SessionOwner() userId?: string;
  n = 0;
  /** Unknown to the old code. */
  theme?: string;
}

export function toAuthSession(old: OldContent): AuthSession | undefined {
  if (old.userId === undefined) return undefined;
  return Object.assign(new AuthSession(), { userId: old.userId, n: old.n ?? 0 });
}

/** The same routes as the old applications. */
@Controller()
export class AuthController {
  @Post('login')
  login(@CurrentSession() session: AuthSession, @Body() { user }: { user: string }): object {
    session.userId = user;
    return session;
  }

  @Get('me')
  me(@CurrentSession({ optional: true }) session?: AuthSession): object {
    return session ?? {};
  }

  @Post('bump')
  bump(@CurrentSession() session: AuthSession): object {
    session.n += 1;
    return session;
  }

  @Post('theme')
  theme(@CurrentSession() session: AuthSession): object {
    session.theme = 'dark';
    return session;
  }

  @Post('logout')
  logout(@Sessions() sessions: RequestSessions): object {
    sessions.clear(AuthSession);
    return {};
  }
}

/** A client of several applications on one host, with one cookie jar. */
export class Visitor {
  readonly cookies = new CookieJar();
  /** The `Set-Cookie` lines of the last answer. */
  lines: readonly string[] = [];

  copy(): Visitor {
    const copy = new Visitor();
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    return copy;
  }

  async get(url: string): Promise<OldContent & { theme?: string }> {
    return this.#ask(url, {});
  }

  async post(url: string, body: object = {}): Promise<OldContent & { theme?: string }> {
    const headers = { 'content-type': 'application/json' };
    return this.#ask(url, { method: 'POST', body: JSON.stringify(body), headers });
  }

  async #ask(
    url: string,
    init: { method?: string; body?: string; headers?: Record<string, string> },
  ): Promise<OldContent> {
    const response = await fetch(url, { ...init, headers: { ...init.headers, ...this.cookies.headers } });
    this.lines = response.headers.getSetCookie();
    this.cookies.keep(this.lines);
    const text = await response.text();
    if (response.status >= 400) throw new Error(`${url}: ${response.status} ${text}`);
    return text === '' ? {} : (JSON.parse(text) as OldContent);
  }
}

/** A running old application. */
export interface OldApplication {
  readonly url: string;
  close(): Promise<void>;
}

export const SECRET = 'the secret of the old application, 32 bytes or more';

/** Four routes over `req.session`. @param end ends the session. */
function routes(
  app: express.Express,
  handlers: {
    session: (request: Request, response: Response) => OldContent | Promise<OldContent>;
    renewed?: (request: Request) => Promise<OldContent>;
    save?: (session: OldContent) => Promise<void>;
    end: (request: Request, session: OldContent) => void | Promise<void>;
  },
): void {
  const { session, renewed, save = async () => undefined, end } = handlers;
  const answering =
    (answer: (request: Request, response: Response) => Promise<object>): RequestHandler =>
    (request, response, next) => {
      answer(request, response).then(
        (body) => response.json(body),
        (error: unknown) => process.nextTick(next, error),
      );
    };
  const login = async (request: Request, response: Response): Promise<object> => {
    const present = renewed ? await renewed(request) : await session(request, response);
    Object.assign(present, { userId: (request.body as { user: string }).user, n: 0, cart: ['book'] });
    await save(present);
    return contentOf(present);
  };
  const bump = async (request: Request, response: Response): Promise<object> => {
    const present = await session(request, response);
    present.n = (present.n ?? 0) + 1;
    await save(present);
    return contentOf(present);
  };
  const logout = async (request: Request, response: Response): Promise<object> => {
    await end(request, await session(request, response));
    return {};
  };
  app.use(express.json());
  app.post('/login', answering(login));
  app.get(
    '/me',
    answering(async (request, response) => contentOf(await session(request, response))),
  );
  app.post('/bump', answering(bump));
  app.post('/logout', answering(logout));
}

function contentOf({ userId, n, cart }: OldContent): OldContent {
  return { ...(userId === undefined ? {} : { userId }), ...(n === undefined ? {} : { n }), ...(cart ? { cart } : {}) };
}

async function listen(listener: RequestListener, close?: () => Promise<void>): Promise<OldApplication> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await close?.();
    },
  };
}

type SessionRequest = Request & {
  session: OldContent & {
    regenerate(done: (error?: unknown) => void): void;
    destroy(done: (error?: unknown) => void): void;
  };
};

/** express-session with a store; login regenerates the id, logout destroys the session. */
export function startExpressSession(
  store: expressSessionMiddleware.Store,
  secret: string | string[] = SECRET,
): Promise<OldApplication> {
  const app = express();
  app.use(expressSessionMiddleware({ secret, store, resave: false, saveUninitialized: false }));
  const promised = (run: (done: (error?: unknown) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => run((error) => (error ? reject(error) : resolve())));
  routes(app, {
    session: (request) => (request as SessionRequest).session,
    renewed: async (request) => {
      await promised((done) => (request as SessionRequest).session.regenerate(done));
      return (request as SessionRequest).session;
    },
    end: (request) => promised((done) => (request as SessionRequest).session.destroy(done)),
  });
  return listen(app);
}

export function startCookieSession(keys: string[] = [SECRET]): Promise<OldApplication> {
  const app = express();
  app.use(cookieSessionMiddleware({ keys }));
  routes(app, {
    session: (request) => (request as SessionRequest).session,
    end: (request) => {
      (request as { session?: unknown }).session = null;
    },
  });
  return listen(app);
}

type IronSession = OldContent & { save(): Promise<void>; destroy(): void };

export function startIronSession(
  version: 8 | 9,
  password: string | Record<string, string> = SECRET,
  options: object = {},
): Promise<OldApplication> {
  const settings = { password, cookieName: 'iron', cookieOptions: { secure: false }, ...options };
  const app = express();
  routes(app, {
    session: async (request, response) =>
      version === 9
        ? ((await getIronSession(nodeCookies(request, response), settings)) as IronSession)
        : ((await getIronSession8(request, response, settings)) as IronSession),
    save: (session) => (session as IronSession).save(),
    end: (_request, session) => (session as IronSession).destroy(),
  });
  return listen(app);
}

interface FastifySessionLike extends OldContent {
  regenerate(): Promise<void>;
  destroy(): Promise<void>;
  delete(): void;
  data(): OldContent;
}

async function listenFastify(
  app: FastifyInstance,
  renew: (request: { session: FastifySessionLike }) => Promise<void>,
  end: (request: { session: FastifySessionLike }) => Promise<void>,
  contentIn: (session: FastifySessionLike) => OldContent = (session) => session,
): Promise<OldApplication> {
  const sessionOf = (request: unknown): FastifySessionLike => (request as { session: FastifySessionLike }).session;
  const login = async (request: FastifyRequest): Promise<object> => {
    await renew(request as unknown as { session: FastifySessionLike });
    const session = sessionOf(request);
    Object.assign(session, { userId: (request.body as { user: string }).user, n: 0, cart: ['book'] });
    return contentOf(contentIn(session));
  };
  const bump = async (request: FastifyRequest): Promise<object> => {
    const session = sessionOf(request);
    session.n = (session.n ?? 0) + 1;
    return contentOf(contentIn(session));
  };
  const logout = async (request: FastifyRequest): Promise<object> => {
    await end(request as unknown as { session: FastifySessionLike });
    return {};
  };
  app.post('/login', (request) => login(request));
  app.get('/me', (request) => Promise.resolve(contentOf(contentIn(sessionOf(request)))));
  app.post('/bump', (request) => bump(request));
  app.post('/logout', (request) => logout(request));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, close: async () => app.close() };
}

export async function startFastifySession(store: object, options: object = {}): Promise<OldApplication> {
  const app = Fastify();
  await app.register(fastifyCookie);
  await app.register(fastifySessionPlugin, {
    secret: SECRET,
    store: store as never,
    cookie: { secure: false },
    saveUninitialized: false,
    ...options,
  });
  return listenFastify(
    app,
    (request) => request.session.regenerate(),
    (request) => request.session.destroy(),
  );
}

export async function startSecureSession(
  options: { key: Buffer | Buffer[] } | { secret: string; salt?: string },
): Promise<OldApplication> {
  const app = Fastify();
  await app.register(fastifySecureSessionPlugin, { ...options, cookie: { path: '/' } } as never);
  return listenFastify(
    app,
    async () => undefined,
    async (request) => request.session.delete(),
    (session) => session.data(),
  );
}
