import type { SessionCall } from 'nestjs-sessions';

/** A call that remembers what is put on its response. */
export class RecordedCall implements SessionCall {
  readonly cookies = new Map<string, string>();
  readonly headers = new Map<string, string>();
  readonly #request: Readonly<Record<string, string>>;
  readonly secure = false;

  constructor(request: Readonly<Record<string, string>> = {}) {
    this.#request = request;
  }

  requestHeader(name: string): string | undefined {
    return this.#request[name];
  }

  setCookie(name: string, line: string): void {
    this.cookies.set(name, line);
  }

  setHeader(name: string, value: string): void {
    this.headers.set(name, value);
  }
}
