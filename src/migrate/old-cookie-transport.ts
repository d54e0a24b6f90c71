import type { SessionCall } from '../call/session-call.js';
import { cookieValues } from '../transport/cookie-header.js';
import type { CookieConfiguration } from '../transport/cookie-configuration.js';
import { SessionTransportCookie } from '../transport/session-transport-cookie.js';
import type { SessionTransport } from '../transport/session-transport.js';
import type { OldForm } from './old-session.js';

export class OldCookieTransport implements SessionTransport {
  readonly kind = 'cookie';
  readonly requestHeader = 'Cookie';
  readonly transformers = [];
  readonly name: string;
  readonly configuration: CookieConfiguration;
  readonly #cookies: readonly SessionTransportCookie[];

  constructor(form: OldForm, cookie: CookieConfiguration, maxAgeInSeconds: number | null) {
    this.name = form.cookieName;
    const configuration = { path: '/', maxAgeInSeconds, ...cookie, encoding: 'raw', prefix: false } as const;
    this.#cookies = form.cookieNames.map((name) => new SessionTransportCookie(name, configuration));
    this.configuration = configuration;
  }

  receive(call: SessionCall): ReadonlyArray<string | undefined> {
    const cookies = this.#received(call);
    return cookies.length === 0 ? [] : [JSON.stringify(cookies)];
  }

  send(call: SessionCall, value: string): void {
    const values = new Map(JSON.parse(value) as Array<[string, string]>);
    const received = new Set(this.#received(call).map(([name]) => name));
    for (const cookie of this.#cookies) {
      const text = values.get(cookie.name);
      if (text !== undefined) cookie.send(call, text);
      else if (received.has(cookie.name)) cookie.clear(call);
    }
  }

  clear(call: SessionCall): void {
    const received = new Set(this.#received(call).map(([name]) => name));
    for (const cookie of this.#cookies) {
      if (cookie.name === this.name || received.has(cookie.name)) cookie.clear(call);
    }
  }

  isSecure(call: SessionCall): boolean {
    return this.#cookies[0]!.isSecure(call);
  }

  toString(): string {
    return `OldCookieTransport: ${this.name}`;
  }

  // The first of several cookies of one name, as in Node.js packages.
  #received(call: SessionCall): Array<[string, string]> {
    const header = call.requestHeader('cookie');
    if (header === undefined) return [];
    return this.#cookies.flatMap(({ name }): Array<[string, string]> => {
      const [value] = cookieValues(header, name, 1);
      return value ? [[name, value]] : [];
    });
  }
}
