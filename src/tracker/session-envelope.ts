import type { SessionTimes } from './session-lifetime.js';

/** A session's text together with its times, as it stands in a storage or, protected, in a cookie. */
export interface SessionEnvelope extends SessionTimes {
  readonly text: string;
}

// created and the milliseconds from there to the last renewal, both in base 36.
const HEAD = /^([0-9a-z]{1,11})\.([0-9a-z]{1,11})\./;

/**
 * `<created>.<renewed - created>.<name>:<text>`. The name keeps a session from being taken for one of another name
 * that is kept in the same storage or protected with the same key; it is left out where the seal binds the name.
 */
export function sealEnvelope(times: SessionTimes, text: string, name?: string): string {
  // Never negative, though the clock of the server that renews may stand behind that of the one that created.
  const since = Math.max(0, times.renewedAt - times.createdAt);
  const head = `${times.createdAt.toString(36)}.${since.toString(36)}.`;
  return name === undefined ? head + text : `${head}${name}:${text}`;
}

/** @returns `undefined` for a text that {@link sealEnvelope} cannot have written for this `name`. */
export function openEnvelope(value: string, name?: string): SessionEnvelope | undefined {
  const head = HEAD.exec(value);
  if (!head) return undefined;
  const createdAt = Number.parseInt(head[1]!, 36);
  const renewedAt = createdAt + Number.parseInt(head[2]!, 36);
  if (!Number.isSafeInteger(renewedAt)) return undefined;
  let start = head[0].length;
  if (name !== undefined) {
    if (!value.startsWith(name, start) || value[start + name.length] !== ':') return undefined;
    start += name.length + 1;
  }
  return { createdAt, renewedAt, text: value.slice(start) };
}
