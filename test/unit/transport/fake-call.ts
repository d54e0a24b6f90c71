import type { SessionCall } from '../../../src/call/session-call.js';

export interface FakeCallOptions {
  /** Request headers, by lower-case name. */
  readonly headers?: Record<string, string>;
  readonly secure?: boolean;
}

/** One HTTP exchange without HTTP: what came in, and what sessions put on the response. */
export class FakeCall implements SessionCall {
  readonly requestHeaders: Record<string, string>;
  readonly secure: boolean;
  responded = false;
  headSent = false;
  /** `Set-Cookie` lines by cookie name. */
  readonly cookies = new Map<string, string>();
  /** Response headers by lower-case name: every value that was set, in order. */
  readonly headers = new Map<string, string[]>();

  constructor(options: FakeCallOptions = {}) {
    this.requestHeaders = options.headers ?? {};
    this.secure = options.secure ?? true;
  }

  static withCookie(cookie: string): FakeCall {
    return new FakeCall({ headers: { cookie } });
  }

  requestHeader(name: string): string | undefined {
    return this.requestHeaders[name];
  }

  setCookie(name: string, line: string): void {
    this.cookies.set(name, line);
  }

  setHeader(name: string, value: string): void {
    const key = name.toLowerCase();
    this.headers.set(key, [...(this.headers.get(key) ?? []), value]);
  }

  /** The application has responded, and the head has left. */
  leave(): void {
    this.responded = true;
    this.headSent = true;
  }

  /** What a client that got this response sends next: its cookie, or nothing where it was cleared. */
  next(name: string): FakeCall {
    const line = this.cookies.get(name);
    const cookie = line === undefined ? this.requestHeaders['cookie'] : line.split(';')[0]!;
    return cookie === undefined || cookie === `${name}=` ? new FakeCall() : FakeCall.withCookie(cookie);
  }
}
