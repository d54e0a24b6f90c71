import { timingSafeEqual } from 'node:crypto';

export function splitAtLast(text: string, delimiter: string): readonly [before: string, after: string] {
  const at = text.lastIndexOf(delimiter);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + delimiter.length)];
}

const LONE_SURROGATE = /\p{Surrogate}/u;

// replace() takes 100 ms for a megabyte.
function withoutLoneSurrogates(text: string): string {
  const units = new Uint16Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    const isPair = isHigh(unit) && isLow(text.charCodeAt(index + 1));
    units[index] = isHigh(unit) || isLow(unit) ? QUESTION_MARK : unit;
    if (!isPair) continue;
    units[index++] = unit;
    units[index] = text.charCodeAt(index);
  }
  return Buffer.from(units.buffer).toString('utf16le');
}

const QUESTION_MARK = 0x3f;

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/** As in Java, a lone surrogate becomes `?`. */
export function javaUtf8(text: string): Buffer {
  return Buffer.from(LONE_SURROGATE.test(text) ? withoutLoneSurrogates(text) : text, 'utf8');
}

export function bytesOfHex(text: string): Buffer | undefined {
  if (text.length % 2 !== 0 || /[^0-9a-f]/i.test(text)) return undefined;
  return Buffer.from(text, 'hex');
}

export function equalInConstantTime(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
