import { isPromise, type Awaitable } from './awaitable.js';

/** With which key a value was protected: today's, an older one that still reads, or one that nobody knows. */
export type KeyState = 'current' | 'outdated' | 'unknown';

/**
 * Protects the string that travels between server and client (Ktor: `SessionTransportTransformer`). Transformers
 * stand in a list: applied in order on write, reversed on read.
 */
export interface SessionTransportTransformer {
  /**
   * @param transportValue what the client sent, or what the next transformer in the list gave. Never trusted.
   * @returns the inner value, or `undefined` when the value is not genuine. A rejection counts as `undefined`.
   */
  transformRead(transportValue: string): Awaitable<string | undefined>;

  /** @returns the protected value, in characters that a cookie value may hold (RFC 6265 `cookie-octet`). */
  transformWrite(transportValue: string): Awaitable<string>;

  /**
   * With which key `transportValue` was protected. A value that reads with an `'outdated'` key is written again with
   * the newest one. Left out by transformers without a key ring.
   */
  keyState?(transportValue: string): KeyState;

  /**
   * Whether {@link transformWrite} gives nothing but letters, digits and `-._~` (RFC 3986 "unreserved"), whatever it is
   * given, so that a transport can send that as it is without looking at each character. Default `false`.
   */
  readonly writesUnreserved?: boolean;

  /**
   * What an attacker can do with values of this transformer, and what to use instead: one sentence or two, for a
   * warning at start in production. Absent when there is nothing to say, or when the application has acknowledged it.
   */
  readonly weakness?: string | undefined;
}

/** What the whole list made of a received value. */
export interface TransformedRead {
  readonly value: string;
  /** One of the transformers read it with an old key: it should be written again. */
  readonly outdated: boolean;
}

/** Applies `transformers` in reverse order; the first that gives `undefined` ends it (Ktor: `transformRead`). */
export function transformRead(
  transformers: readonly SessionTransportTransformer[],
  transportValue: string,
): Awaitable<TransformedRead | undefined> {
  return readThrough(transformers, transformers.length - 1, { value: transportValue, outdated: false });
}

function readThrough(
  transformers: readonly SessionTransportTransformer[],
  last: number,
  outer: TransformedRead,
): Awaitable<TransformedRead | undefined> {
  let { value, outdated } = outer;
  for (let index = last; index >= 0; index--) {
    const transformer = transformers[index]!;
    if (transformer.keyState?.(value) === 'outdated') outdated = true;
    const inner = transformer.transformRead(value);
    if (isPromise(inner)) {
      return inner.then((read) =>
        read === undefined ? undefined : readThrough(transformers, index - 1, { value: read, outdated }),
      );
    }
    if (inner === undefined) return undefined;
    value = inner;
  }
  return { value, outdated };
}

/** Applies `transformers` in order (Ktor: `transformWrite`). */
export function transformWrite(
  transformers: readonly SessionTransportTransformer[],
  transportValue: string,
): Awaitable<string> {
  return writeThrough(transformers, 0, transportValue);
}

function writeThrough(
  transformers: readonly SessionTransportTransformer[],
  first: number,
  inner: string,
): Awaitable<string> {
  let value = inner;
  for (let index = first; index < transformers.length; index++) {
    const outer = transformers[index]!.transformWrite(value);
    if (isPromise(outer)) return outer.then((written) => writeThrough(transformers, index + 1, written));
    value = outer;
  }
  return value;
}
