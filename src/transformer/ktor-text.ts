import { timingSafeEqual } from 'node:crypto';

/** What stands behind the last `delimiter`, and in front of it. Without one: everything in front, nothing behind. */
export function splitAtLast(text: string, delimiter: string): readonly [before: string, after: string] {
  const at = text.lastIndexOf(delimiter);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + delimiter.length)];
}

/** UTF-8 as Java writes it: a lone surrogate becomes a question mark, where Node writes U+FFFD. */
export function javaUtf8(text: string): Buffer {
  return Buffer.from(text.replace(/\p{Surrogate}/gu, '?'), 'utf8');
}

/** The bytes of a hexadecimal text of either case; `undefined` for an odd length or any other character. */
export function bytesOfHex(text: string): Buffer | undefined {
  if (text.length % 2 !== 0 || /[^0-9a-f]/i.test(text)) return undefined;
  return Buffer.from(text, 'hex');
}

/** Whether two byte strings are equal, in a time that tells nothing but their lengths. */
export function equalInConstantTime(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
