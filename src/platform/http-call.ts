import type { TLSSocket } from 'node:tls';
import type { SessionCall } from '../call/session-call.js';
import type { RawRequest, RawResponse } from './raw-exchange.js';
import { ResponseHead } from './response-head.js';

/** One exchange as sessions see it: reads the raw request, collects headers for the raw response. */
export class HttpCall implements SessionCall {
  readonly #request: RawRequest;
  readonly #response: RawResponse | undefined;
  readonly #withheld: boolean;
  readonly head = new ResponseHead();
  /** Set by the hold while it keeps the head back: the application has responded, the head has not left. */
  held = false;

  /**
   * @param response absent for an exchange that has none, such as a WebSocket's.
   * @param withheld sessions see no header of the request, so that they find nothing in it.
   */
  constructor(request: RawRequest, response: RawResponse | undefined, withheld = false) {
    this.#request = request;
    this.#response = response;
    this.#withheld = withheld;
  }

  requestHeader(name: string): string | undefined {
    return this.#withheld ? undefined : this.#header(name);
  }

  #header(name: string): string | undefined {
    const { headers } = this.#request;
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
    return Array.isArray(value) ? value.join(', ') : value;
  }

  get secure(): boolean {
    if (isEncrypted(this.#request)) return true;
    // Only decides whether our own cookie carries `Secure`, so a client that lies hurts nobody but itself.
    const forwarded = this.#header('x-forwarded-proto');
    return forwarded !== undefined && /^\s*https\b/i.test(forwarded);
  }

  /** Whether the status that the response has so far is one of a server error. */
  get serverError(): boolean {
    return this.#response !== undefined && this.#response.statusCode >= 500;
  }

  /** Whether there is a response at all. */
  get hasResponse(): boolean {
    return this.#response !== undefined;
  }

  get responded(): boolean {
    return this.#response === undefined || this.#response.headersSent;
  }

  get headSent(): boolean {
    return this.responded && !this.held;
  }

  setCookie(name: string, line: string): void {
    this.head.setCookie(name, line);
  }

  orderCookies(names: readonly string[]): void {
    this.head.orderCookies(names);
  }

  forbidSharing(): void {
    this.head.forbidSharing();
  }

  applicationCookies(): readonly string[] | undefined {
    const lines = this.#response?.getHeader('set-cookie');
    if (lines === undefined || this.headSent) return undefined;
    return Array.isArray(lines) ? lines : [String(lines)];
  }

  setHeader(name: string, value: string): void {
    this.head.setHeader(name, value);
  }
}

function isEncrypted(request: RawRequest): boolean {
  try {
    return (request.socket as Partial<TLSSocket> | undefined)?.encrypted === true;
  } catch {
    // The socket of an HTTP/2 request cannot even be asked once its connection is gone.
    return false;
  }
}
