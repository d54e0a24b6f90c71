import { isPromise, type Awaitable } from './awaitable.js';

/** The newest, an older one, or none of the ring. */
export type KeyState = 'current' | 'outdated' | 'unknown';

/**
 * Protects the text of a transport (Ktor: `SessionTransportTransformer`). A list is applied in order on write, reversed
 * on read.
 */
export interface SessionTransportTransformer {
  /**
   * @param transportValue untrusted.
   * @returns `undefined` if not genuine. A rejected promise means the same.
   */
  transformRead(transportValue: string): Awaitable<string | undefined>;

  /** @returns RFC 6265 `cookie-octet` characters. */
  transformWrite(transportValue: string): Awaitable<string>;

  /** Optional. `'outdated'` values are written again. */
  keyState?(transportValue: string): KeyState;

  /** Writes only RFC 3986 "unreserved" characters. Default `false`. */
  readonly writesUnreserved?: boolean;

  /** The production warning: what an attacker can do and what to use instead. */
  readonly weakness?: string | undefined;
}

export interface TransformedRead {
  readonly value: string;
  /** By an old key. */
  readonly outdated: boolean;
}

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
