// A user with several browsers, who sends sequential requests to both processes.
import { setTimeout as sleep } from 'node:timers/promises';
import { KnownSession } from './oracle.mjs';

const ENDED_KEPT = 12;
const GHOSTS_END_WITHIN = 61_000;

class Browser {
  session = undefined;
  cookie = '';

  receive(cookies) {
    for (const line of cookies) {
      const [pair, ...attributes] = line.split(';');
      const isGone = attributes.some((attribute) => /^\s*max-age=0\s*$/i.test(attribute)) || pair.endsWith('=');
      this.cookie = isGone ? '' : pair;
    }
  }
}

export class Actor {
  constructor(name, browsers, { processes, oracle, recovery, limit, leniency }) {
    Object.assign(this, { name, processes, oracle, recovery, limit, leniency });
    this.browsers = Array.from({ length: browsers }, () => new Browser());
    /** Sessions whose end was acknowledged, with their cookies. */
    this.ended = [];
    /** Tags of sessions that may exist without a cookie, after a failed sign-out. */
    this.excused = new Set();
    this.failedLogins = [];
    this.withoutCookie = [];
    this.count = 0;
  }

  async run(isOver) {
    while (!isOver()) {
      await this.step();
      await sleep(Math.random() * 20);
    }
  }

  async step() {
    const browser = pick(this.browsers);
    if (!browser.session) return Math.random() < 0.4 ? this.begin(browser) : this.login(browser);
    const dice = Math.random() * 100;
    if (dice < 32) return this.read(browser);
    if (dice < 64) return this.mark(browser);
    if (dice < 72) return Promise.all([1, 2, 3].map(() => this.mark(browser)));
    if (dice < 84) return browser.session.owner === undefined ? this.login(browser) : this.regenerate(browser);
    if (dice < 91) return this.logout(browser);
    if (dice < 93) return this.revokeAll();
    if (dice < 95) return this.list();
    return this.readEnded();
  }

  async ask(browser, method, path, process = pick(this.processes)) {
    const startedAt = performance.now();
    const answer = await process.ask(method, path, browser?.cookie);
    if (answer.status < 300) this.recovery.succeeded(process, startedAt);
    browser?.receive(answer.cookies);
    return answer;
  }

  async begin(browser) {
    const tag = this.#next('v');
    const { status } = await this.ask(browser, 'POST', `/begin?tag=${tag}`);
    if (this.oracle.answered(status) === 'done') browser.session = new KnownSession(this.name, tag);
    else browser.cookie = '';
  }

  async read(browser) {
    const { session } = browser;
    const { status, body } = await this.ask(browser, 'GET', '/me');
    if (this.oracle.answered(status) === 'done' && !this.oracle.read(session, body)) this.#forget(browser);
    return status;
  }

  async mark(browser) {
    const { session } = browser;
    const mark = this.#next('m');
    session.sent.add(mark);
    const { status } = await this.ask(browser, 'POST', `/${pick(['mark', 'update'])}?mark=${mark}`);
    if (!this.oracle.changed(session, mark, status) && browser.session === session) this.#forget(browser);
  }

  async login(browser) {
    const { session: before } = browser;
    const held = browser.cookie;
    const tag = this.#next('s');
    const { status } = await this.ask(browser, 'POST', `/login?owner=${this.name}&tag=${tag}`);
    const session = this.oracle.loggedIn(this.name, tag, before, status);
    if (!session) {
      this.#makeRoom(before);
      this.failedLogins.push(Date.now());
      // Without an answer, it may have been done.
      if (status === undefined) this.excused.add(tag);
      if (!before) browser.cookie = '';
      else if (browser.cookie !== held) this.oracle.find('lost', `a failed login took the cookie of ${before.tag}`);
      return;
    }
    browser.session = session;
    this.#makeRoom(session);
  }

  /** Rotates the id, as before a payment. */
  async regenerate(browser) {
    const { session, cookie } = browser;
    const { status } = await this.ask(browser, 'POST', '/regenerate');
    const isKept = this.oracle.regenerated(session, status, browser.cookie !== cookie);
    if (!isKept) this.#forget(browser);
  }

  async logout(browser) {
    const { session, cookie } = browser;
    const { status } = await this.ask(browser, 'POST', '/logout');
    if (this.oracle.loggedOut(session, status)) this.#end(browser, session, cookie);
    else if (browser.cookie === '') {
      this.excused.add(session.tag);
      browser.session = undefined;
    }
  }

  async revokeAll() {
    const signedIn = this.browsers.filter(({ session }) => session?.owner !== undefined);
    const { status } = await this.ask(undefined, 'POST', `/revokeAll?owner=${this.name}`);
    const sessions = signedIn.map(({ session }) => session);
    if (!this.oracle.revoked(sessions, status)) return status;
    for (const browser of signedIn) this.#end(browser, browser.session, browser.cookie);
    return status;
  }

  async list(process = this.processes[0]) {
    const { status, body } = await this.ask(undefined, 'GET', `/list?owner=${this.name}`, process);
    if (this.oracle.answered(status) !== 'done') return status;
    const { limit, leniency, excused } = this;
    const sessions = this.#signedIn();
    this.withoutCookie = this.oracle.listed(this.name, sessions, body, { now: Date.now(), limit, leniency, excused });
    return status;
  }

  /** A session without a cookie lives for at most a minute. */
  async #awaitGhosts() {
    const until = Date.now() + GHOSTS_END_WITHIN;
    do {
      await untilDone(() => this.list());
      if (this.withoutCookie.length === 0) return;
      await sleep(1000);
    } while (Date.now() < until);
    for (const tag of this.withoutCookie) this.oracle.find('ghosts', `${tag} of ${this.name} has no cookie`);
  }

  async readEnded() {
    if (this.ended.length > 0) await this.#readEnded(pick(this.ended));
  }

  /** After the last fault: reads, lists and revokes all sessions, and reads them again. */
  async verify() {
    for (const browser of this.browsers) {
      if (browser.session) await untilDone(() => this.read(browser));
    }
    for (const ended of this.ended) await untilDone(() => this.#readEnded(ended));
    await this.#awaitGhosts();
    await untilDone(() => this.revokeAll());
    for (const ended of this.ended) await untilDone(() => this.#readEnded(ended));
  }

  async #readEnded({ session, cookie }) {
    const { status, body } = await pick(this.processes).ask('GET', '/me', cookie);
    if (this.oracle.answered(status) === 'done') this.oracle.readEnded(session, body);
    return status;
  }

  #signedIn() {
    return this.browsers.flatMap(({ session }) => (session?.owner === undefined ? [] : [session]));
  }

  /** A login beyond the limit ends the oldest session, even if it fails later. Failed logins count for a minute. */
  #makeRoom(session) {
    this.failedLogins = this.failedLogins.filter((at) => at > Date.now() - 61_000 - this.leniency);
    const others = this.#signedIn().filter((other) => other !== session);
    if (others.length + 1 + this.failedLogins.length + this.excused.size <= this.limit) return;
    for (const other of others) other.mayBeGone = true;
  }

  #end(browser, session, cookie) {
    this.ended.push({ session, cookie });
    if (this.ended.length > ENDED_KEPT) this.ended.shift();
    this.#forget(browser);
  }

  #forget(browser) {
    browser.session = undefined;
    browser.cookie = '';
  }

  #next(kind) {
    return `${this.name}${kind}${++this.count}`;
  }
}

function pick(values) {
  return values[Math.floor(Math.random() * values.length)];
}

async function untilDone(task) {
  for (let attempt = 0; attempt < 20; attempt++) {
    if ((await task()) < 300) return;
    await sleep(250);
  }
}
