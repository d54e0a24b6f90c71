import type { SessionCall } from '../call/session-call.js';
import type { OutgoingHttpHeaders } from 'node:http';
import { ResponseHead } from '../platform/response-head.js';

/** A `Request`, Next.js' `headers()`, or `Headers`. */
export type FetchRequest = { readonly headers: FetchHeaders; readonly url?: string } | FetchHeaders;

/** The part of `Headers` that is used. */
export interface FetchHeaders {
  get(name: string): string | null;
}

export class FetchCall implements SessionCall {
  readonly secure: boolean;
  readonly #headers: FetchHeaders;
  readonly #head = new ResponseHead();
  readonly #names = new Set<string>();

  constructor(request: FetchRequest) {
    this.#headers = 'headers' in request ? request.headers : request;
    const url = 'url' in request ? request.url : undefined;
    this.secure = url?.startsWith('https:') || /^\s*https\b/i.test(this.#headers.get('x-forwarded-proto') ?? '');
  }

  requestHeader(name: string): string | undefined {
    return this.#headers.get(name) ?? undefined;
  }

  setCookie(name: string, line: string): void {
    this.#names.add(name);
    this.#head.setCookie(name, line);
  }

  orderCookies(names: readonly string[]): void {
    this.#head.orderCookies(names);
  }

  forbidSharing(): void {
    this.#head.forbidSharing();
  }

  setHeader(name: string, value: string): void {
    this.#head.setHeader(name, value);
  }

  /** Replaces cookies of an earlier call. */
  applyTo(headers: Headers): void {
    const present: OutgoingHttpHeaders = Object.fromEntries(headers);
    present['set-cookie'] = headers.getSetCookie().filter((line) => !this.#names.has(line.split('=', 1)[0]!));
    for (const [name, value] of Object.entries(this.#head.joinedWith(present))) {
      if (Array.isArray(value)) replaceAll(headers, name, value);
      else if (value !== undefined) headers.set(name, String(value));
    }
  }
}

function replaceAll(headers: Headers, name: string, values: readonly string[]): void {
  headers.delete(name);
  for (const value of values) headers.append(name, value);
}
