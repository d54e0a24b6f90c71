import { CookieJar } from './cookie-jar.js';

/** The page after a click: the last response after redirects. */
export interface Page {
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const MOST_REDIRECTS = 5;

/** A browser for server-rendered pages: keeps cookies, follows redirects, sends forms. Real HTTP, no scripts. */
export class Browser {
  readonly #cookies = new CookieJar();
  readonly #url: string;
  readonly #userAgent: string;

  constructor(url: string, userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0') {
    this.#url = url;
    this.#userAgent = userAgent;
  }

  /** The value of a cookie, or `undefined`. */
  cookie(name: string): string | undefined {
    return this.#cookies.get(name);
  }

  /** A second browser with a copy of the cookies. */
  copy(): Browser {
    const copy = new Browser(this.#url, this.#userAgent);
    for (const [name, value] of this.#cookies) copy.#cookies.set(name, value);
    return copy;
  }

  open(path: string): Promise<Page> {
    return this.#go('GET', path);
  }

  /** Sends a form by POST, as `application/x-www-form-urlencoded`. */
  submit(path: string, fields: Record<string, string> = {}): Promise<Page> {
    return this.#go('POST', path, new URLSearchParams(fields));
  }

  async #go(method: 'GET' | 'POST', path: string, form?: URLSearchParams): Promise<Page> {
    let [step, body, target] = [method, form, path];
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const response = await fetch(this.#url + target, {
        method: step,
        redirect: 'manual',
        headers: { 'user-agent': this.#userAgent, ...this.#cookies.headers },
        ...(body ? { body } : {}),
      });
      const text = await response.text();
      this.#cookies.keep(response.headers.getSetCookie());
      const location = response.headers.get('location');
      if (location === null) return { path: target, status: response.status, headers: response.headers, text };
      [step, body, target] = ['GET', undefined, location];
    }
    throw new Error(`${path} leads nowhere: more than ${MOST_REDIRECTS} redirects.`);
  }
}
