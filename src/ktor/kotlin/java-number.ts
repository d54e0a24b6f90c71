import { Unreadable } from '../formats/format-errors.js';

const DOUBLE = /^[+-]?(?:NaN|Infinity|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)[fFdD]?$/;
const INTEGER = /^[+-]?\d+$/;
const MAX_INTEGER_DIGITS = 64;
/** BigInt() takes quadratic time. */
export const MAX_BIG_INTEGER_DIGITS = 4096;

/** `Double.toString` of JDK 19 and later. */
export function javaDouble(value: number): string {
  const shortest = value.toExponential();
  // At least two digits: 4.9E-324.
  return javaDecimal(value, /^-?\de/.test(shortest) ? value.toExponential(1) : shortest);
}

export function javaFloat(value: number): string {
  if (!Number.isFinite(value) || value === 0) return javaDecimal(value, '');
  for (let digits = 0; digits < 9; digits++) {
    const text = nearestFloatText(value, digits);
    if (text !== undefined) return javaDecimal(value, digits === 0 ? (nearestFloatText(value, 1) ?? text) : text);
  }
  return javaDecimal(value, value.toExponential(9));
}

// Below a power of two, the nearest decimal may read as another float.
function nearestFloatText(value: number, fractionDigits: number): string | undefined {
  const nearest = value.toExponential(fractionDigits);
  if (Math.fround(Number(nearest)) === value) return nearest;
  const [mantissa, exponent] = nearest.split('e') as [string, string];
  const scale = 10 ** fractionDigits;
  for (const step of [1, -1]) {
    const units = Math.round(Number(mantissa) * scale) + step;
    const text = `${(units / scale).toFixed(fractionDigits)}e${exponent}`;
    if (Math.abs(units) < 10 * scale && Math.abs(units) >= scale && Math.fround(Number(text)) === value) return text;
  }
  return undefined;
}

function javaDecimal(value: number, scientific: string): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const sign = value < 0 ? '-' : '';
  const [mantissa, power] = scientific.replace('-', value < 0 ? '' : '-').split('e') as [string, string];
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  if (exponent < -3 || exponent >= 7) {
    return `${sign}${digits.charAt(0)}.${trimmed(digits.slice(1))}E${exponent}`;
  }
  if (exponent < 0) return `${sign}0.${trimmed('0'.repeat(-exponent - 1) + digits)}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${trimmed(digits.slice(exponent + 1))}`;
}

function trimmed(fraction: string): string {
  let end = fraction.length;
  while (end > 1 && fraction.charCodeAt(end - 1) === 0x30) end--;
  return end === 0 ? '0' : fraction.slice(0, end);
}

/** `Double.parseDouble`, without hexadecimal. */
export function parseJavaDouble(text: string): number {
  const trimmedText = text.trim();
  if (!DOUBLE.test(trimmedText)) throw new Unreadable('not a number');
  return Number(/[fFdD]$/.test(trimmedText) ? trimmedText.slice(0, -1) : trimmedText);
}

/** `Integer.parseInt`. */
export function parseJavaInteger(text: string, bits: 8 | 16 | 32): number {
  const value = text.length <= MAX_INTEGER_DIGITS && INTEGER.test(text) ? Number(text) : Number.NaN;
  const limit = 2 ** (bits - 1);
  if (!(value >= -limit && value < limit)) throw new Unreadable(`not an integer of ${bits} bits`);
  return value === 0 ? 0 : value;
}

/** `Long.parseLong`. */
export function parseJavaLong(text: string): bigint {
  const value = text.length <= MAX_INTEGER_DIGITS ? parseJavaBigInteger(text) : undefined;
  if (value === undefined || BigInt.asIntN(64, value) !== value) throw new Unreadable('not an integer of 64 bits');
  return value;
}

/** `new BigInteger(text)`. */
export function parseJavaBigInteger(text: string): bigint {
  if (text.length > MAX_BIG_INTEGER_DIGITS || !INTEGER.test(text)) throw new Unreadable('not an integer');
  return BigInt(text.startsWith('+') ? text.slice(1) : text);
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,10}))?$/;

/** `new BigDecimal(text).toString()`. `1.10` and `1.1` differ. */
export function javaBigDecimal(text: string): string | undefined {
  const parts = text.length <= MAX_BIG_INTEGER_DIGITS ? DECIMAL.exec(text) : null;
  const [whole, fraction] = [parts?.[2] ?? '', parts?.[3] ?? ''];
  if (!parts || whole + fraction === '') return undefined;
  const digits = (whole + fraction).replace(/^0+(?=\d)/, '');
  const scale = fraction.length - Number(parts[4] ?? 0);
  if (scale > 0x7fff_ffff || scale < -0x8000_0000) return undefined;
  const sign = parts[1] === '-' && digits !== '0' ? '-' : '';
  const adjusted = digits.length - 1 - scale;
  if (scale === 0) return sign + digits;
  if (scale > 0 && adjusted >= -6) {
    const padded = digits.padStart(scale + 1, '0');
    return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
  }
  const mantissa = digits.length > 1 ? `${digits.charAt(0)}.${digits.slice(1)}` : digits;
  return `${sign}${mantissa}${adjusted === 0 ? '' : `E${adjusted > 0 ? '+' : ''}${adjusted}`}`;
}

const UUID_TEXT = /^([0-9a-f]{1,16})-([0-9a-f]{1,16})-([0-9a-f]{1,16})-([0-9a-f]{1,16})-([0-9a-f]{1,16})$/i;
const UUID_WIDTHS = [8, 4, 4, 4, 12] as const;

/** `UUID.fromString(text).toString()`. Groups may be short: `1-2-3-4-5`. */
export function javaUuid(text: string): string | undefined {
  const groups = text.length <= 36 ? UUID_TEXT.exec(text)?.slice(1) : undefined;
  return groups?.map((group, index) => group.toLowerCase().padStart(16, '0').slice(-UUID_WIDTHS[index]!)).join('-');
}
