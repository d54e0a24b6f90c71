import type { SessionCall } from '../../call/session-call.js';

/** A request without a server: carries given headers, collects what sessions send. */
export class TestCall implements SessionCall {
  readonly secure = true;
  /** `Set-Cookie` lines by cookie name. */
  readonly cookies = new Map<string, string>();
  /** Response headers by lower-case name. */
  readonly headers = new Map<string, string>();
  readonly #requestHeaders: Readonly<Record<string, string>>;

  /** @param requestHeaders by lower-case name. */
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
