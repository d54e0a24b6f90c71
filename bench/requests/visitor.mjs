/** A client of one contestant, with a simple cookie jar. */
export class Visitor {
  #url;
  #cookies = new Map();

  constructor(url) {
    this.#url = url;
  }

  /** The `Cookie` header. */
  get cookie() {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** @returns `visits` of the answer, and its number of cookies. */
  async ask(path, method = 'GET') {
    const { cookie } = this;
    const response = await fetch(this.#url + path, { method, headers: cookie ? { cookie } : {} });
    if (!response.ok) throw new Error(`${method} ${this.#url}${path} answers ${response.status}.`);
    const lines = response.headers.getSetCookie();
    for (const line of lines) {
      const pair = line.slice(0, line.indexOf(';'));
      this.#cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    return { visits: (await response.json()).visits, cookies: lines.length };
  }
}

/** Number of sessions; more than parallel requests. */
const SESSIONS = 64;

/** `Cookie` headers of new sessions of one size. */
export async function newSessions(url, size) {
  const cookies = [];
  for (let index = 0; index < SESSIONS; index++) {
    const visitor = new Visitor(url);
    await visitor.ask(`/fill/${size}`, 'POST');
    cookies.push(visitor.cookie);
  }
  return cookies;
}

/** @throws {Error} unless the contestant keeps a session over several requests, and separates visitors. */
export async function checkSurvival(id, url) {
  for (const size of ['small', 'large']) {
    const visitor = new Visitor(url);
    await visitor.ask(`/fill/${size}`, 'POST');
    const seen = [];
    for (const path of ['/write', '/write', '/untouched', '/read', '/write'])
      seen.push((await visitor.ask(path)).visits);
    const stranger = new Visitor(url);
    seen.push((await stranger.ask('/read')).visits);
    if (seen.join() !== '1,2,0,2,3,0' || stranger.cookie !== '') {
      throw new Error(`${id}: a ${size} session does not survive (${seen.join()}).`);
    }
  }
}
