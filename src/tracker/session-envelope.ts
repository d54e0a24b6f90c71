import { decodeDetails, encodeDetails } from './session-details.js';
import type { SessionTimes } from './session-lifetime.js';

interface SessionEnvelope extends SessionTimes {
  readonly text: string;
}

const MAX_DIGITS = 11;

const DETAILS = '!';

/**
 * `<created>.<renewed - created>.<name>:<text>`, times in base 36; with details `<renewed - created>!<details>`. The
 * name separates sessions; it is left out if the seal binds it.
 */
export function sealEnvelope(times: SessionTimes, text: string, name?: string): string {
  // The renewing server's clock may be behind.
  const since = Math.max(0, times.renewedAt - times.createdAt);
  const details = times.details === undefined ? '' : DETAILS + encodeDetails(times.details);
  const head = `${times.createdAt.toString(36)}.${since.toString(36)}${details}.`;
  return name === undefined ? head + text : `${head}${name}:${text}`;
}

export function openEnvelope(value: string, name?: string): SessionEnvelope | undefined {
  const firstDot = value.indexOf('.');
  const secondDot = value.indexOf('.', firstDot + 1);
  const createdAt = base36In(value, 0, firstDot);
  const renewedAt = createdAt + base36In(value, firstDot + 1, secondDot);
  if (!Number.isSafeInteger(renewedAt)) return openDetailed(value, name, secondDot);
  let start = secondDot + 1;
  if (name !== undefined) {
    if (!value.startsWith(name, start) || value[start + name.length] !== ':') return undefined;
    start += name.length + 1;
  }
  return { createdAt, renewedAt, details: undefined, text: value.slice(start) };
}

export function isOfAnotherName(value: string, name: string): boolean {
  const text = openEnvelope(value)?.text ?? '';
  return !text.startsWith(`${name}:`) && /^[\w!#$%&'*+.^`|~-]+:/.test(text);
}

function openDetailed(value: string, name: string | undefined, secondDot: number): SessionEnvelope | undefined {
  const mark = value.indexOf(DETAILS);
  if (mark === -1 || mark > secondDot) return undefined;
  const details = decodeDetails(value.slice(mark + 1, secondDot));
  const plain = details && openEnvelope(value.slice(0, mark) + value.slice(secondDot), name);
  return plain && { ...plain, details };
}

/** Parses a lower-case base 36 number; `NaN` for anything else. Runs on every request. */
export function base36In(text: string, start: number, end: number): number {
  if (end <= start || end > start + MAX_DIGITS) return NaN;
  let number = 0;
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    const isDigit = code >= 0x30 && code <= 0x39;
    if (!isDigit && !(code >= 0x61 && code <= 0x7a)) return NaN;
    number = number * 36 + code - (isDigit ? 0x30 : 0x57);
  }
  return number;
}
