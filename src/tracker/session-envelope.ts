import type { SessionTimes } from './session-lifetime.js';

/** A session's text together with its times, as it stands in a storage or, protected, in a cookie. */
export interface SessionEnvelope extends SessionTimes {
  readonly text: string;
}

// created and the milliseconds from there to the last renewal, both in base 36.
const HEAD = /^([0-9a-z]{1,11})\.([0-9a-z]{1,11})\./;

/** `<created>.<renewed - created>.<text>` */
export function sealEnvelope(times: SessionTimes, text: string): string {
  return `${times.createdAt.toString(36)}.${(times.renewedAt - times.createdAt).toString(36)}.${text}`;
}

/** @returns `undefined` for a text that {@link sealEnvelope} cannot have written. */
export function openEnvelope(value: string): SessionEnvelope | undefined {
  const head = HEAD.exec(value);
  if (!head) return undefined;
  const createdAt = Number.parseInt(head[1]!, 36);
  const renewedAt = createdAt + Number.parseInt(head[2]!, 36);
  if (!Number.isSafeInteger(renewedAt)) return undefined;
  return { createdAt, renewedAt, text: value.slice(head[0].length) };
}
