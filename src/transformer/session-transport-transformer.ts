import { isPromise, type Awaitable } from './awaitable.js';

/** The key that protects a value: newest, older, or none of the ring. */
export type KeyState = 'current' | 'outdated' | 'unknown';

/**
 * Protects the string that travels between server and client (Ktor: `SessionTransportTransformer`). A list is applied
 * in order on write and reversed on read.
 */
export interface SessionTransportTransformer {
  /**
   * @param transportValue untrusted: from the client or the next transformer.
   * @returns the inner value, or `undefined` if not genuine. A rejected promise counts as `undefined`.
   */
  transformRead(transportValue: string): Awaitable<string | undefined>;

  /** @returns the protected value, in RFC 6265 `cookie-octet` characters. */
  transformWrite(transportValue: string): Awaitable<string>;

  /**
   * The key of `transportValue`. A value with an `'outdated'` key is rewritten. Optional: omit it without a key ring.
   */
  keyState?(transportValue: string): KeyState;

  /**
   * Whether {@link transformWrite} always returns RFC 3986 "unreserved" characters, so that transports need no check.
   * Default `false`.
   */
  readonly writesUnreserved?: boolean;

  /**
   * What an attacker can do and what to use instead: a warning at start in production. `undefined` if there is nothing
   * to warn of, or it is acknowledged.
   */
  readonly weakness?: string | undefined;
}

export interface TransformedRead {
  readonly value: string;
  /** An old key was used, so the value should be rewritten. */
  readonly outdated: boolean;
}

/** Applies `transformers` in reverse order until one returns `undefined` (Ktor: `transformRead`). */
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
