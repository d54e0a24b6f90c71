import type { TLSSocket } from 'node:tls';
import type { SessionCall } from '../call/session-call.js';
import type { RawRequest, RawResponse } from './raw-exchange.js';
import { ResponseHead } from './response-head.js';

/** One HTTP request, with what sessions add to the head of its response. */
export class HttpCall extends ResponseHead implements SessionCall {
  readonly #request: RawRequest;
  readonly #response: RawResponse | undefined;
  readonly #withheld: boolean;
  readonly hasResponse: boolean;
  /** The response has begun, but its head is held. */
  held = false;

  /** @param response absent for a WebSocket. @param withheld hides request headers. */
  constructor(request: RawRequest, response: RawResponse | undefined, withheld = false) {
    super();
    this.#request = request;
    this.#response = response;
    this.hasResponse = response !== undefined;
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
    // A forged header harms only its sender.
    const forwarded = this.#header('x-forwarded-proto');
    return forwarded !== undefined && /^\s*https\b/i.test(forwarded);
  }

  get serverError(): boolean {
    return this.#response !== undefined && this.#response.statusCode >= 500;
  }

  get responded(): boolean {
    return this.#response === undefined || this.#response.headersSent;
  }

  get headSent(): boolean {
    return this.responded && !this.held;
  }

  applicationCookies(): readonly string[] | undefined {
    const lines = this.#response?.getHeader('set-cookie');
    if (lines === undefined || this.headSent) return undefined;
    return Array.isArray(lines) ? lines : [String(lines)];
  }
}

function isEncrypted(request: RawRequest): boolean {
  try {
    return (request.socket as Partial<TLSSocket> | undefined)?.encrypted === true;
  } catch {
    // The socket of a closed HTTP/2 request throws.
    return false;
  }
}
