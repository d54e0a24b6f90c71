import type { EventEmitter } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import { takeHead } from './handed-head.js';
import { headersSent, pretendHeadSent, swallowHeaders } from './pretended-head.js';
import { isHttp2, type RawResponse } from './raw-exchange.js';

/** What a held response asks before its head leaves. */
export interface ResponseGate {
  /**
   * Called when the head is about to leave, with the status it will have. `undefined`: nothing to wait for, the
   * response goes on in the same tick. Otherwise everything the application writes is kept back until it settles.
   */
  commit(statusCode: number): Promise<void> | undefined;
  /** Whether {@link commit} would find nothing to do. Changes nothing. */
  isSettled(statusCode: number): boolean;
  /** Puts headers on the response; called once, right before the head leaves. */
  applyHead(response: RawResponse): void;
  /** The same where `handed`, which the application hands to `writeHead`, are all headers: those, and ours. */
  joinHead(handed: OutgoingHttpHeaders): OutgoingHttpHeaders;
  /**
   * Whether a header of sessions has characters beyond ASCII, each of which stands for one byte. Node sends head and
   * body together where it can, and writes both in the encoding of a text body: UTF-8 would make two bytes of one.
   */
  readonly hasHeaderBytes: boolean;
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
  /** A failure of the sessions was answered: what the application still writes is swallowed. */
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
  readonly #on: AnyMethod;
  readonly #queue: Array<() => unknown> = [];
  #phase: Phase = 'open';
  #stopPretending: (() => void) | undefined;
  #applied = false;
  #ended = false;
  #wantsDrain = false;
  #failureAnswered = false;

  /** Puts the hold on `response`. Its head must not have left. */
  constructor(response: RawResponse, gate: ResponseGate) {
    this.#response = response;
    this.#gate = gate;
    // Other middleware may have replaced these methods; a release calls the current ones.
    this.#writeHead = response.writeHead as AnyMethod;
    this.#write = response.write as AnyMethod;
    this.#end = response.end as AnyMethod;
    this.#flushHeaders = (response as { flushHeaders?: AnyMethod }).flushHeaders;
    this.#on = response.on as AnyMethod;
    // Object.assign: single assignments cost 20 µs per request in V8.
    Object.assign(response, {
      writeHead: (...args: unknown[]) => this.#onWriteHead(args),
      write: (...args: unknown[]) => this.#onWrite(args),
      end: (...args: unknown[]) => this.#onEnd(args),
      flushHeaders: () => this.#onFlushHeaders(),
    });
  }

  /**
   * The sessions have failed, and the application's exception filter answers that. What comes after its answer is of a
   * handler that does not know, and is swallowed: Node would end the process over a header that comes too late.
   */
  expectFailureAnswer(): void {
    this.#failureAnswered = true;
  }

  #onWriteHead(args: unknown[]): unknown {
    if (this.#phase === 'failed') return this.#response;
    const statusCode = finalStatusOf(args[0]);
    if (this.#phase === 'released' || statusCode === undefined) return this.#writeHead.apply(this.#response, args);
    if (this.#phase === 'holding') {
      // Middleware that goes by Node's own `_header` asks for the head again, since it has not seen it leave.
      if (args.length === 1 && statusCode === this.#response.statusCode) return this.#response;
      throw headersSent(this.#response, 'write');
    }
    if (isWholeHead(this.#response, args) && this.#gate.isSettled(statusCode))
      return this.#passHead(statusCode, args[1]);
    const head = takeHead(this.#response, args, statusCode);
    if (this.#isReleased()) return this.#writeHead.apply(this.#response, head);
    this.#queue.push(() => this.#writeHead.apply(this.#response, head));
    return this.#response;
  }

  // One by one on the response they would cost a microsecond more.
  #passHead(statusCode: number, headers: OutgoingHttpHeaders): unknown {
    this.#phase = 'released';
    this.#applied = true;
    try {
      return this.#writeHead.call(this.#response, statusCode, this.#gate.joinHead(headers));
    } catch (error) {
      // Node has refused what the application handed over; it may answer otherwise.
      this.#applied = this.#response.headersSent;
      if (!this.#applied) this.#phase = 'open';
      throw error;
    }
  }

  #onWrite(args: unknown[]): unknown {
    if (this.#phase === 'failed') return swallow(args, true);
    if (!isChunk(args[0]) || this.#isReleased()) return this.#write.apply(this.#response, this.#bodyOf(args));
    if (this.#ended) return swallow(args, false, writeAfterEnd());
    this.#queue.push(() => this.#write.apply(this.#response, this.#bodyOf(args)));
    this.#wantsDrain = true;
    return false;
  }

  #onEnd(args: unknown[]): unknown {
    if (this.#phase === 'failed') return swallow(args, this.#response);
    if (isWrongChunk(args[0]) || this.#isReleased()) {
      const ended = this.#end.apply(this.#response, this.#bodyOf(args));
      this.#swallowAfterFailure();
      return ended;
    }
    if (this.#ended) return swallow(args, this.#response, isChunk(args[0]) ? writeAfterEnd() : undefined);
    this.#ended = true;
    this.#queue.push(() => this.#end.apply(this.#response, this.#bodyOf(args)));
    return this.#response;
  }

  #onFlushHeaders(): void {
    if (this.#phase === 'failed') return;
    if (this.#isReleased()) this.#flush();
    else if (!this.#ended) this.#queue.push(() => this.#flush());
  }

  // Node flushes a head as UTF-8 text, and in front of bytes as Latin-1. Without a body `end` sends it, as Latin-1.
  #flush(): void {
    if (!this.#gate.hasHeaderBytes || isHttp2(this.#response)) this.#flushHeaders?.call(this.#response);
    else if (!this.#response.headersSent) this.#write.call(this.#response, Buffer.alloc(0));
  }

  /** Whether a call may go through; the first one decides whether there is something to wait for. */
  #isReleased(): boolean {
    if (this.#phase !== 'open') return this.#phase === 'released';
    const commit = this.#gate.commit(this.#response.statusCode);
    if (commit === undefined) {
      this.#phase = 'released';
      this.#applyHead();
      return true;
    }
    this.#phase = 'holding';
    this.#gate.held = true;
    this.#stopPretending = pretendHeadSent(
      this.#response,
      () => this.#ended,
      () => this.#ended && this.#failureAnswered,
    );
    commit.then(
      () => this.#release(),
      (error: unknown) => this.#fail(error),
    );
    return false;
  }

  // Other code may have sent the head, for example an upgrade.
  #applyHead(): void {
    if (this.#applied || this.#response.headersSent) return;
    this.#applied = true;
    this.#gate.applyHead(this.#response);
  }

  #release(): void {
    this.#stopHolding();
    try {
      this.#applyHead();
      let flowing: unknown = true;
      for (const call of this.#queue.splice(0)) flowing = call();
      if (this.#ended) this.#swallowAfterFailure();
      if (flowing !== false) this.#drain();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    // Node's `end` calls the replaced methods on the response.
    this.#stopHolding();
    this.#queue.length = 0;
    try {
      this.#answer(this.#gate.failure(error));
    } catch {
      this.#response.destroy();
    }
    this.#phase = 'failed';
    swallowHeaders(this.#response);
    // Lets a piping stream finish; its output is discarded.
    this.#drain();
  }

  #swallowAfterFailure(): void {
    if (!this.#failureAnswered) return;
    this.#phase = 'failed';
    swallowHeaders(this.#response);
  }

  #answer({ statusCode, body }: { readonly statusCode: number; readonly body: string }): void {
    const response = this.#response;
    // Part of a response was sent: only closing the connection signals the failure.
    if (response.headersSent) return void response.destroy();
    for (const name of OF_THE_BODY) response.removeHeader(name);
    response.statusCode = statusCode;
    if (!isHttp2(response)) response.statusMessage = '';
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.setHeader('cache-control', 'no-store');
    this.#applyHead();
    this.#end.apply(response, this.#bodyOf([body]));
  }

  /** Converts text to bytes where Node would otherwise encode the head like the body. */
  #bodyOf(args: unknown[]): unknown[] {
    const [chunk, encoding] = args;
    if (!this.#gate.hasHeaderBytes || typeof chunk !== 'string') return args;
    const bytes = typeof encoding === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : Buffer.from(chunk);
    return [bytes, ...args.slice(typeof encoding === 'string' ? 2 : 1)];
  }

  #stopHolding(): void {
    this.#phase = 'released';
    this.#gate.held = false;
    this.#stopPretending?.();
    this.#stopPretending = undefined;
  }

  // In the next tick: an error of a listener is not a session failure.
  #drain(): void {
    if (!this.#wantsDrain || this.#ended) return;
    process.nextTick(() => {
      // Compression keeps listeners on its own stream; `on` returns whatever they were put on.
      const place = this.#on.call(this.#response, 'drain', ignore) as EventEmitter | undefined;
      place?.off('drain', ignore).emit('drain');
      if (place !== this.#response) this.#response.emit('drain');
    });
  }
}

/** The status of a final head. Anything else, informational ones included, is Node's to take or refuse. */
function finalStatusOf(value: unknown): number | undefined {
  // As Node reads it.
  const statusCode = (value as number) | 0;
  return statusCode >= 200 && statusCode <= 999 ? statusCode : undefined;
}

/** Whether `writeHead` is called with an object of headers, and none stands on the response. */
function isWholeHead(
  response: RawResponse,
  args: unknown[],
): args is [statusCode: unknown, headers: OutgoingHttpHeaders] {
  const [, headers] = args;
  if (args.length !== 2 || typeof headers !== 'object' || headers === null || Array.isArray(headers)) return false;
  // A cookie of the application's may be ours, which ends the session: the commit has to see it on the response.
  if ('set-cookie' in headers || 'Set-Cookie' in headers) return false;
  return response.getHeaderNames().length === 0;
}

// Anything else is an error that Node should throw at the caller, not later at us.
function isChunk(value: unknown): boolean {
  return typeof value === 'string' || value instanceof Uint8Array;
}

function isWrongChunk(value: unknown): boolean {
  return Boolean(value) && typeof value !== 'function' && !isChunk(value);
}

function ignore(): void {}

function swallow<T>(args: unknown[], result: T, error?: Error): T {
  const callback = args.find((argument): argument is Callback => typeof argument === 'function');
  if (callback) process.nextTick(callback, error);
  return result;
}

function writeAfterEnd(): Error {
  return Object.assign(new Error('write after end'), { code: 'ERR_STREAM_WRITE_AFTER_END' });
}
