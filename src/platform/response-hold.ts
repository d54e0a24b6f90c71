import type { RawResponse } from './raw-exchange.js';

/** What a held response asks before its head leaves. */
export interface ResponseGate {
  /**
   * Called when the head is about to leave, with the status it will have. `undefined`: nothing to wait for, the
   * response goes on in the same tick. Otherwise everything the application writes is kept back until it settles.
   */
  commit(statusCode: number): Promise<void> | undefined;
  /** Puts headers on the response; called once, right before the head leaves. */
  applyHead(response: RawResponse): void;
  /** What to answer instead when {@link commit} rejected. */
  failure(error: unknown): { readonly statusCode: number; readonly body: string };
  /** Whether the head is being kept back. */
  held: boolean;
}

type Phase =
  /** Nothing has been written. */
  | 'open'
  /** The application responds, and the commit is under way. */
  | 'holding'
  /** Everything goes straight through. */
  | 'released'
  /** The commit failed and was answered: what the application still writes is swallowed. */
  | 'failed';

type Callback = (error?: Error | null) => void;
type AnyMethod = (this: RawResponse, ...args: unknown[]) => unknown;

/** Headers that describe the body which is not sent when a commit fails. */
const OF_THE_BODY = [
  'content-length',
  'content-encoding',
  'content-type',
  'content-disposition',
  'content-range',
  'transfer-encoding',
  'trailer',
  'accept-ranges',
  'etag',
  'last-modified',
  'expires',
  'location',
];

/**
 * Keeps the head of one response back until sessions are committed, whoever sends it: a handler's value, `@Res()`, a
 * stream, an exception filter, a 404. It sits on the raw response of Express and Fastify alike, as methods of that one
 * object, and lets everything through at once when there is nothing to wait for.
 *
 * While it holds, calls are kept and replayed in order; `headersSent` is already `true`, setting a header throws as it
 * would after the head, a second `end` is ignored, `write` reports back-pressure and `drain` follows.
 */
export class ResponseHold {
  readonly #response: RawResponse;
  readonly #gate: ResponseGate;
  readonly #writeHead: AnyMethod;
  readonly #write: AnyMethod;
  readonly #end: AnyMethod;
  readonly #flushHeaders: AnyMethod | undefined;
  readonly #queue: Array<() => unknown> = [];
  #phase: Phase = 'open';
  #ended = false;
  #wantsDrain = false;

  /** Puts the hold on `response`. Its head must not have left. */
  constructor(response: RawResponse, gate: ResponseGate) {
    this.#response = response;
    this.#gate = gate;
    // Other middleware may have replaced these before; whatever stands there now is what a release goes on with.
    this.#writeHead = response.writeHead as AnyMethod;
    this.#write = response.write as AnyMethod;
    this.#end = response.end as AnyMethod;
    this.#flushHeaders = (response as { flushHeaders?: AnyMethod }).flushHeaders;
    Object.assign(response, {
      writeHead: (...args: unknown[]) => this.#onWriteHead(args),
      write: (...args: unknown[]) => this.#onWrite(args),
      end: (...args: unknown[]) => this.#onEnd(args),
      flushHeaders: () => this.#onFlushHeaders(),
    });
  }

  #onWriteHead(args: unknown[]): unknown {
    const [statusCode] = args;
    if (this.#phase === 'failed') return this.#response;
    if (this.#phase === 'released' || !isStatusCode(statusCode)) return this.#writeHead.apply(this.#response, args);
    // Node and middleware call writeHead(statusCode) again for a head they have not seen leave.
    if (this.#phase === 'holding') return this.#response;
    const head = takeHead(this.#response, args);
    if (this.#isReleased()) return this.#writeHead.apply(this.#response, head);
    this.#queue.push(() => this.#writeHead.apply(this.#response, head));
    return this.#response;
  }

  #onWrite(args: unknown[]): unknown {
    if (this.#phase === 'failed') return swallow(args, true);
    if (!isChunk(args[0]) || this.#isReleased()) return this.#write.apply(this.#response, args);
    if (this.#ended) return swallow(args, false, writeAfterEnd());
    this.#queue.push(() => this.#write.apply(this.#response, args));
    this.#wantsDrain = true;
    return false;
  }

  #onEnd(args: unknown[]): unknown {
    if (this.#phase === 'failed') return swallow(args, this.#response);
    if (this.#isReleased()) return this.#end.apply(this.#response, args);
    if (this.#ended) return swallow(args, this.#response, alreadyFinished());
    this.#ended = true;
    this.#queue.push(() => this.#end.apply(this.#response, args));
    return this.#response;
  }

  #onFlushHeaders(): void {
    if (this.#phase === 'failed') return;
    if (this.#isReleased()) this.#flushHeaders?.call(this.#response);
    else this.#queue.push(() => this.#flushHeaders?.call(this.#response));
  }

  /** Whether a call may go through; the first one decides whether there is something to wait for. */
  #isReleased(): boolean {
    if (this.#phase !== 'open') return this.#phase === 'released';
    const commit = this.#gate.commit(this.#response.statusCode);
    if (commit === undefined) {
      this.#phase = 'released';
      this.#gate.applyHead(this.#response);
      return true;
    }
    this.#phase = 'holding';
    this.#gate.held = true;
    pretendHeadSent(this.#response, () => this.#ended);
    commit.then(
      () => this.#release(),
      (error: unknown) => this.#fail(error),
    );
    return false;
  }

  #release(): void {
    try {
      this.#stopPretending();
      this.#phase = 'released';
      this.#gate.applyHead(this.#response);
      let flowing: unknown = true;
      for (const call of this.#queue.splice(0)) flowing = call();
      if (this.#wantsDrain && !this.#ended && flowing !== false) this.#response.emit('drain');
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const response = this.#response;
    this.#stopPretending();
    this.#queue.length = 0;
    const { statusCode, body } = this.#gate.failure(error);
    if (!response.headersSent && !response.destroyed) {
      for (const name of OF_THE_BODY) response.removeHeader(name);
      response.statusCode = statusCode;
      if ('statusMessage' in response && response.statusMessage) response.statusMessage = '';
      response.setHeader('content-type', 'application/json; charset=utf-8');
      response.setHeader('cache-control', 'no-store');
      this.#phase = 'released';
      this.#gate.applyHead(response);
      this.#end.call(response, body);
    }
    this.#phase = 'failed';
    // Whoever pipes into the response goes on to its end, into nothing.
    if (this.#wantsDrain && !this.#ended) response.emit('drain');
  }

  #stopPretending(): void {
    this.#gate.held = false;
    for (const name of PRETENDED) Reflect.deleteProperty(this.#response, name);
  }
}

const PRETENDED = ['headersSent', 'writableEnded', 'setHeader', 'setHeaders', 'appendHeader', 'removeHeader'] as const;

// What an application must see between its response and the head: as if the head had left.
function pretendHeadSent(response: RawResponse, ended: () => boolean): void {
  const tooLate = (): never => {
    throw Object.assign(new Error('Cannot set headers after they are sent to the client'), {
      code: 'ERR_HTTP_HEADERS_SENT',
    });
  };
  Object.defineProperty(response, 'headersSent', { configurable: true, get: () => true });
  Object.defineProperty(response, 'writableEnded', { configurable: true, get: ended });
  for (const name of ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader']) {
    Object.defineProperty(response, name, { configurable: true, writable: true, value: tooLate });
  }
}

/**
 * Moves the headers handed to `writeHead` onto the response, where they meet those of sessions, and returns what is
 * left to call it with. Node takes an object, a flat array `[name, value, …]`, and an array of pairs.
 */
function takeHead(response: RawResponse, args: unknown[]): unknown[] {
  const [statusCode, second, third] = args as [number, unknown, unknown];
  const reason = typeof second === 'string' ? second : undefined;
  const headers = reason === undefined ? (second ?? third) : third;
  response.statusCode = statusCode;
  if (Array.isArray(headers)) takeArray(response, headers);
  else if (headers && typeof headers === 'object') {
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) response.setHeader(name, value as string);
    }
  }
  return reason === undefined ? [statusCode] : [statusCode, reason];
}

function takeArray(response: RawResponse, headers: readonly unknown[]): void {
  if (!Array.isArray(headers[0]) && headers.length % 2 !== 0) {
    throw Object.assign(new TypeError('The argument "headers" is invalid: a flat array holds names and values.'), {
      code: 'ERR_INVALID_ARG_VALUE',
    });
  }
  const values = new Map<string, { name: string; values: string[] }>();
  for (let index = 0; index < headers.length;) {
    const entry = headers[index];
    const pair = Array.isArray(entry) ? entry : [entry, headers[index + 1]];
    index += Array.isArray(entry) ? 1 : 2;
    const name = String(pair[0]);
    const present = values.get(name.toLowerCase()) ?? { name, values: [] };
    present.values.push(...(Array.isArray(pair[1]) ? pair[1].map(String) : [String(pair[1])]));
    values.set(name.toLowerCase(), present);
  }
  for (const { name, values: all } of values.values()) response.setHeader(name, all.length === 1 ? all[0]! : all);
}

function isStatusCode(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 999;
}

// Anything else is an error that Node should throw at the caller, not later at us.
function isChunk(value: unknown): boolean {
  return typeof value === 'string' || value instanceof Uint8Array;
}

function swallow<T>(args: unknown[], result: T, error?: Error): T {
  const callback = args.find((argument): argument is Callback => typeof argument === 'function');
  if (callback) process.nextTick(callback, error);
  return result;
}

function writeAfterEnd(): Error {
  return Object.assign(new Error('write after end'), { code: 'ERR_STREAM_WRITE_AFTER_END' });
}

function alreadyFinished(): Error {
  return Object.assign(new Error('Cannot call end after a stream was finished'), {
    code: 'ERR_STREAM_ALREADY_FINISHED',
  });
}
