import type { SessionLifetime, SessionTimes } from '../tracker/session-lifetime.js';
import { duration } from './session-summary.js';

export function timeLines(times: SessionTimes, lifetime: SessionLifetime, known: boolean): string[] {
  const now = Date.now();
  const limits =
    `idle ${duration(lifetime.idle / 1000)}, absolute ${duration(lifetime.absolute / 1000)}` +
    (known ? '' : ', the defaults; pass --module for those of your application');
  const until = new Date(lifetime.expiresAt(times));
  return [
    `Created ${new Date(times.createdAt).toISOString()}, renewed ${new Date(times.renewedAt).toISOString()}.`,
    lifetime.isAlive(times, now)
      ? `Valid until ${until.toISOString()} (${limits}).`
      : `Refused (expired): since ${until.toISOString()} (${limits}).`,
  ];
}

export function contentLines(text: string, show: boolean): string[] {
  if (show) return [`Content: ${text}`];
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return [`Fields: ${Object.keys(parsed).join(', ') || 'none'}.`];
  } catch {
    // Written by another serializer.
  }
  return [`${text.length} characters of content.`];
}
