/** A value, or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

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
export async function transformRead(
  transformers: readonly SessionTransportTransformer[],
  transportValue: string,
): Promise<TransformedRead | undefined> {
  let value = transportValue;
  let outdated = false;
  for (let index = transformers.length - 1; index >= 0; index--) {
    const transformer = transformers[index]!;
    if (transformer.keyState?.(value) === 'outdated') outdated = true;
    const inner = await transformer.transformRead(value);
    if (inner === undefined) return undefined;
    value = inner;
  }
  return { value, outdated };
}

/** Applies `transformers` in order (Ktor: `transformWrite`). */
export async function transformWrite(
  transformers: readonly SessionTransportTransformer[],
  transportValue: string,
): Promise<string> {
  let value = transportValue;
  for (const transformer of transformers) value = await transformer.transformWrite(value);
  return value;
}
