import { Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { Sessions, SessionsModule, type RequestSessions, type SessionsModuleOptions } from 'nestjs-sessions';
import { platforms, startApp, type Platform } from '../support/platforms.js';

interface Row {
  cases: number;
  readonly failed: Set<string>;
  readonly notApplicable: Array<readonly [name: string, reason: string]>;
}

const rows = new Map<string, Row>();

/** The test cases of one of Ktor's test files, by their names there. */
export class KtorTestFile {
  readonly #row: Row = { cases: 0, failed: new Set(), notApplicable: [] };

  constructor(name: string) {
    rows.set(name, this.#row);
  }

  it(name: string, run: () => unknown): void {
    this.#row.cases++;
    it(name, () => this.#counted(name, run));
  }

  /** A case that Ktor drives over HTTP: on both platforms. */
  http(name: string, run: (platform: Platform) => Promise<void>): void {
    this.#row.cases++;
    it.each(platforms)(`${name}, on $name`, (platform) => this.#counted(name, () => run(platform)));
  }

  notApplicable(name: string, reason: string): void {
    this.#row.cases++;
    this.#row.notApplicable.push([name, reason]);
  }

  async #counted(name: string, run: () => unknown): Promise<void> {
    this.#row.failed.add(name);
    await run();
    this.#row.failed.delete(name);
  }
}

/** What became of all cases, and why some are not for us. */
export function conformanceTable(): string {
  const lines = [...rows].map(([name, { cases, failed, notApplicable }]) => {
    const passed = cases - failed.size - notApplicable.length;
    return `${name.padEnd(44)}${String(cases).padStart(6)}${String(passed).padStart(8)}${String(notApplicable.length).padStart(6)}`;
  });
  const reasons = [...rows.values()].flatMap(({ notApplicable }) =>
    notApplicable.map(([name, reason]) => `  ${name}: ${reason}`),
  );
  const all = [...rows.values()];
  const sum = (count: (row: Row) => number): string => String(all.reduce((total, row) => total + count(row), 0));
  const total = [
    'all'.padEnd(44),
    sum(({ cases }) => cases).padStart(6),
    sum(({ cases, failed, notApplicable }) => cases - failed.size - notApplicable.length).padStart(8),
    sum(({ notApplicable }) => notApplicable.length).padStart(6),
  ].join('');
  return [`${"Ktor's tests".padEnd(44)} cases  passed   n/a`, ...lines, total, 'Not applicable:', ...reasons].join(
    '\n',
  );
}

/** What a route of a test application is given. */
export interface Exchange {
  readonly sessions: RequestSessions;
  readonly request: { readonly headers: Record<string, string | undefined>; readonly params: Record<string, string> };
  /** Sends a text at once, as `call.respondText` does. */
  respond(text: string): void;
  /** Redirects at once, as `call.respondRedirect` does. */
  redirect(place: string): void;
}

type Handler = (exchange: Exchange) => unknown;

interface RawResponse {
  end(text: string): void;
  writeHead(status: number, headers: Record<string, string>): void;
}

/** What `@Res()` gives: the response itself, or Fastify's reply around it. */
type RawHolder = RawResponse & { hijack?(): void; readonly raw?: RawResponse };

/** A route that answers by itself, with {@link Exchange.respond}. */
export class Responding {
  constructor(readonly handler: Handler) {}
}

/** An application of these sessions and routes: `GET /path` or `POST /path` to what answers it. */
export async function withServer(
  platform: Platform,
  options: SessionsModuleOptions,
  routes: Readonly<Record<string, Handler | Responding>>,
  run: (request: (path: string, headers?: Record<string, string>) => Promise<Answer>) => Promise<void>,
): Promise<void> {
  const app = await startApp(platform, {
    imports: [SessionsModule.forRoot(options)],
    controllers: [controllerOf(routes)],
  });
  try {
    await run(async (line, headers = {}) => {
      const [method, path] = line.includes(' ') ? (line.split(' ') as [string, string]) : ['GET', line];
      return Answer.of(await fetch(app.url + path, { method, headers, redirect: 'manual' }));
    });
  } finally {
    await app.close();
  }
}

/** A response, read. */
export class Answer {
  constructor(
    readonly status: number,
    readonly body: string,
    readonly setCookies: readonly string[],
    readonly headers: Headers,
  ) {}

  static async of(response: Response): Promise<Answer> {
    return new Answer(response.status, await response.text(), response.headers.getSetCookie(), response.headers);
  }

  /** The `Set-Cookie` line of a name. */
  line(name: string): string | undefined {
    return this.setCookies.find((line) => line.startsWith(`${name}=`));
  }

  /** `name=value` of the cookie, to be sent back. */
  pair(name: string): string {
    const line = this.line(name);
    if (line === undefined) throw new Error(`no cookie ${name}`);
    return line.split(';')[0]!;
  }

  /** The value of the cookie as it was written. */
  raw(name: string): string {
    return this.pair(name).slice(name.length + 1);
  }

  /** The value of the cookie, decoded from URI_ENCODING. */
  value(name: string): string {
    return decodeURIComponent(this.raw(name).replaceAll('+', ' '));
  }
}

function controllerOf(routes: Readonly<Record<string, Handler | Responding>>): new () => object {
  class RoutesController {}
  Object.entries(routes).forEach(([line, route], index) => {
    const [method, path] = line.includes(' ') ? (line.split(' ') as [string, string]) : ['GET', line];
    const name = `route${index}`;
    const handler = route instanceof Responding ? route.handler : route;
    Object.defineProperty(RoutesController.prototype, name, {
      configurable: true,
      writable: true,
      value: (sessions: RequestSessions, request: Exchange['request'], response?: RawHolder): unknown =>
        handler({
          sessions,
          request,
          respond: (text) => {
            response?.hijack?.();
            (response?.raw ?? response)?.end(text);
          },
          redirect: (place) => {
            response?.hijack?.();
            const raw = response?.raw ?? response;
            raw?.writeHead(302, { Location: place });
            raw?.end('');
          },
        }),
    });
    Sessions()(RoutesController.prototype, name, 0);
    Req()(RoutesController.prototype, name, 1);
    if (route instanceof Responding) Res()(RoutesController.prototype, name, 2);
    const descriptor = Object.getOwnPropertyDescriptor(RoutesController.prototype, name)!;
    HttpCode(200)(RoutesController.prototype, name, descriptor);
    (method === 'POST' ? Post : Get)(path)(RoutesController.prototype, name, descriptor);
  });
  Controller()(RoutesController);
  return RoutesController;
}
