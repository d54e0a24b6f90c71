import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const LONGEST_WAIT = 30_000;

/** From `CHROMIUM` or `PATH`; `undefined` if not installed. */
export const chromiumPath = process.env['CHROMIUM'] ?? find();

function find(): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  const paths = directories.flatMap((directory) => NAMES.map((name) => join(directory, name)));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

interface Reply {
  readonly id?: number;
  readonly result?: object;
  readonly error?: { readonly message: string };
}

/** One page in headless Chromium, by the DevTools protocol over a pipe. */
export class Chromium {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, { resolve(result: object): void; reject(error: Error): void }>();
  #session: string | undefined;
  #calls = 0;
  #received = '';

  private constructor(process: ChildProcess, profile: string) {
    this.#process = process;
    this.#profile = profile;
    (process.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => this.#receive(text));
  }

  static async start(path: string): Promise<Chromium> {
    const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
    const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
    const child = spawn(path, [...options, '--remote-debugging-pipe', `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    const browser = new Chromium(child, profile);
    const { targetId } = await browser.#call<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
    const attached = { targetId, flatten: true };
    browser.#session = (await browser.#call<{ sessionId: string }>('Target.attachToTarget', attached)).sessionId;
    await browser.#call('Emulation.setDeviceMetricsOverride', {
      width: 900,
      height: 900,
      deviceScaleFactor: 1,
      mobile: false,
    });
    return browser;
  }

  async open(url: string): Promise<void> {
    await this.#call('Page.navigate', { url });
    await this.until(`location.href !== 'about:blank' && document.readyState === 'complete'`);
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const call = { expression, returnByValue: true, awaitPromise: true };
    const { result } = await this.#call<{ result: { value: T } }>('Runtime.evaluate', call);
    return result.value;
  }

  /** Waits until an expression is true in the page. */
  async until(expression: string): Promise<void> {
    const latest = performance.now() + LONGEST_WAIT;
    for (;;) {
      const value = await this.evaluate<unknown>(expression).catch(() => false);
      if (value === true) return;
      if (performance.now() > latest) throw new Error(`Not true in the page: ${expression}\n${await this.text()}`);
      await sleep(20);
    }
  }

  /** Waits until the page shows this text. */
  async shows(text: string): Promise<void> {
    await this.until(`document.body.innerText.includes(${JSON.stringify(text)})`);
  }

  /** The visible text. */
  text(): Promise<string> {
    return this.evaluate<string>('document.body.innerText');
  }

  /** Fills the fields of these names. */
  async enter(fields: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, value] of Object.entries(fields)) {
      await this.evaluate(`document.querySelector('[name=${name}]').value = ${JSON.stringify(value)}`);
    }
  }

  /** Clicks the button, link or label with this text. */
  async click(text: string): Promise<void> {
    const found = `[...document.querySelectorAll('button, a, label')].find((one) => one.innerText.trim() === ${JSON.stringify(text)})`;
    await this.until(`${found} !== undefined`);
    await this.evaluate(`void ${found}.click()`);
  }

  /** A stored cookie; `expires` is -1 for a session cookie. */
  async cookie(name: string): Promise<{ value: string; expires: number; httpOnly: boolean } | undefined> {
    const { cookies } = await this.#call<{
      cookies: Array<{ name: string; value: string; expires: number; httpOnly: boolean }>;
    }>('Storage.getCookies', {}, false);
    return cookies.find((cookie) => cookie.name === name);
  }

  async screenshot(path: string): Promise<void> {
    const { data } = await this.#call<{ data: string }>('Page.captureScreenshot', { captureBeyondViewport: true });
    await writeFile(path, Buffer.from(data, 'base64'));
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  async #call<T extends object>(method: string, params: object, ofPage = true): Promise<T> {
    const id = ++this.#calls;
    const sessionId = ofPage && this.#session ? { sessionId: this.#session } : {};
    const answer = new Promise<object>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    (this.#process.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...sessionId })}\0`);
    return (await answer) as T;
  }

  #receive(text: string): void {
    const messages = (this.#received + text).split('\0');
    this.#received = messages.pop() ?? '';
    for (const message of messages) {
      const { id, result = {}, error } = JSON.parse(message) as Reply;
      const call = id === undefined ? undefined : this.#waiting.get(id);
      if (id === undefined || !call) continue;
      this.#waiting.delete(id);
      if (error) call.reject(new Error(error.message));
      else call.resolve(result);
    }
  }
}
