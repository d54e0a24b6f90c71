import type { SessionCall } from '../../call/session-call.js';

export class TestCall implements SessionCall {
  readonly secure = true;
  readonly cookies = new Map<string, string>();
  readonly headers = new Map<string, string>();
  readonly #requestHeaders: Readonly<Record<string, string>>;

  constructor(requestHeaders: Readonly<Record<string, string>> = {}) {
    this.#requestHeaders = requestHeaders;
  }

  requestHeader(name: string): string | undefined {
    return this.#requestHeaders[name];
  }

  setCookie(name: string, line: string): void {
    this.cookies.set(name, line);
  }

  setHeader(name: string, value: string): void {
    this.headers.set(name.toLowerCase(), value);
  }
}
