import type { EventEmitter } from 'node:events';
import type { OutgoingHttpHeaders } from 'node:http';
import { applyWriteHead } from './write-head.js';
import { headersSent, pretendHeadSent, swallowHeaders } from './pretended-head.js';
import { isHttp2, type RawResponse } from './raw-exchange.js';
import type { ResponseHead } from './response-head.js';

export interface ResponseGate {
  /** `undefined`: done. Otherwise output is queued until it settles. */
  commit(statusCode: number): Promise<void> | undefined;
  isSettled(statusCode: number): boolean;
  readonly call: Pick<ResponseHead, 'applyTo' | 'joinedWith' | 'hasBytes'>;
  failure(error: unknown): { readonly statusCode: number; readonly body: string };
  held: boolean;
}

type Phase = 'open' | 'holding' | 'released' | 'failed';

type Callback = (error?: Error | null) => void;
type AnyMethod = (this: RawResponse, ...args: unknown[]) => unknown;

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
 * Holds the head of any response until sessions are committed. Meanwhile calls are queued, `headersSent` is `true`,
 * setting a header throws, and `write` reports back-pressure.
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

  constructor(response: RawResponse, gate: ResponseGate) {
    this.#response = response;
    this.#gate = gate;
    // Other middleware may replace them.
    this.#writeHead = response.writeHead as AnyMethod;
    this.#write = response.write as AnyMethod;
    this.#end = response.end as AnyMethod;
    this.#flushHeaders = (response as { flushHeaders?: AnyMethod }).flushHeaders;
    this.#on = response.on as AnyMethod;
    // Single assignments cost 20 µs per request.
    Object.assign(response, {
      writeHead: (...args: unknown[]) => this.#onWriteHead(args),
      write: (...args: unknown[]) => this.#onWrite(args),
      end: (...args: unknown[]) => this.#onEnd(args),
      flushHeaders: () => this.#onFlushHeaders(),
    });
  }

  /** Ignores later output; its headers would end the process. */
  expectFailureAnswer(): void {
    this.#failureAnswered = true;
  }

  #onWriteHead(args: unknown[]): unknown {
    if (this.#phase === 'failed') return this.#response;
    const statusCode = finalStatusOf(args[0]);
    if (this.#phase === 'released' || statusCode === undefined) return this.#writeHead.apply(this.#response, args);
    if (this.#phase === 'holding') {
      // Middleware that checks Node's `_header` repeats the head.
      if (args.length === 1 && statusCode === this.#response.statusCode) return this.#response;
      throw headersSent(this.#response, 'write');
    }
    if (isWholeHead(this.#response, args) && this.#gate.isSettled(statusCode))
      return this.#passHead(statusCode, args[1]);
    const head = applyWriteHead(this.#response, args, statusCode);
    if (this.#isReleased()) return this.#writeHead.apply(this.#response, head);
    this.#queue.push(() => this.#writeHead.apply(this.#response, head));
    return this.#response;
  }

  // One by one takes a microsecond more.
  #passHead(statusCode: number, headers: OutgoingHttpHeaders): unknown {
    this.#phase = 'released';
    this.#applied = true;
    try {
      return this.#writeHead.call(this.#response, statusCode, this.#gate.call.joinedWith(headers));
    } catch (error) {
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

  // Node flushes a head alone as UTF-8, before bytes as Latin-1.
  #flush(): void {
    if (!this.#gate.call.hasBytes || isHttp2(this.#response)) this.#flushHeaders?.call(this.#response);
    else if (!this.#response.headersSent) this.#write.call(this.#response, Buffer.alloc(0));
  }

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

  #applyHead(): void {
    if (this.#applied || this.#response.headersSent) return;
    this.#applied = true;
    this.#gate.call.applyTo(this.#response);
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
    // Node's `end` calls the replaced methods.
    this.#stopHolding();
    this.#queue.length = 0;
    try {
      this.#answer(this.#gate.failure(error));
    } catch {
      this.#response.destroy();
    }
    this.#phase = 'failed';
    swallowHeaders(this.#response);
    this.#drain();
  }

  #swallowAfterFailure(): void {
    if (!this.#failureAnswered) return;
    this.#phase = 'failed';
    swallowHeaders(this.#response);
  }

  #answer({ statusCode, body }: { readonly statusCode: number; readonly body: string }): void {
    const response = this.#response;
    if (response.headersSent) return void response.destroy();
    for (const name of OF_THE_BODY) response.removeHeader(name);
    response.statusCode = statusCode;
    if (!isHttp2(response)) response.statusMessage = '';
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.setHeader('cache-control', 'no-store');
    this.#applyHead();
    this.#end.apply(response, this.#bodyOf([body]));
  }

  /** Text to bytes, so that the head stays Latin-1. */
  #bodyOf(args: unknown[]): unknown[] {
    const [chunk, encoding] = args;
    if (!this.#gate.call.hasBytes || typeof chunk !== 'string') return args;
    const bytes = typeof encoding === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : Buffer.from(chunk);
    return [bytes, ...args.slice(typeof encoding === 'string' ? 2 : 1)];
  }

  #stopHolding(): void {
    this.#phase = 'released';
    this.#gate.held = false;
    this.#stopPretending?.();
    this.#stopPretending = undefined;
  }

  // A listener's error is no session failure.
  #drain(): void {
    if (!this.#wantsDrain || this.#ended) return;
    process.nextTick(() => {
      // Compression puts listeners on its own stream.
      const place = this.#on.call(this.#response, 'drain', ignore) as EventEmitter | undefined;
      place?.off('drain', ignore).emit('drain');
      if (place !== this.#response) this.#response.emit('drain');
    });
  }
}

/** `undefined`: Node handles it. */
function finalStatusOf(value: unknown): number | undefined {
  const statusCode = (value as number) | 0;
  return statusCode >= 200 && statusCode <= 999 ? statusCode : undefined;
}

function isWholeHead(
  response: RawResponse,
  args: unknown[],
): args is [statusCode: unknown, headers: OutgoingHttpHeaders] {
  const [, headers] = args;
  if (args.length !== 2 || typeof headers !== 'object' || headers === null || Array.isArray(headers)) return false;
  // The commit must see an application's cookie on the response.
  if ('set-cookie' in headers || 'Set-Cookie' in headers) return false;
  return response.getHeaderNames().length === 0;
}

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
