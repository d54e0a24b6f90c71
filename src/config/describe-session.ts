import type { SessionProvider } from '../session/session-provider.js';
import type { SessionLifetime } from '../tracker/session-lifetime.js';

/** @param place where the content is stored. */
export function describeSession(provider: SessionProvider, place: string, lifetime: SessionLifetime): string {
  const how = provider.transport.transformers.map((transformer) => transformer.constructor.name).join(', ') || 'as is';
  return (
    `${provider.name}: ${provider.type.name}, ${place}, ${carrierOf(provider)} (${how}), ` +
    `idle ${timeoutText(lifetime.idle)}, absolute ${timeoutText(lifetime.absolute)}`
  );
}

export function describeProvider(provider: SessionProvider): string {
  return `${provider.name}: ${provider.type.name}, ${provider.tracker.kind}, ${carrierOf(provider)}, custom provider`;
}

function carrierOf({ name, transport }: SessionProvider): string {
  const sentName = transport.name;
  return sentName !== undefined && sentName !== name ? `${transport.kind} ${sentName}` : transport.kind;
}

function timeoutText(milliseconds: number): string {
  return milliseconds === 0 ? 'unlimited' : durationText(milliseconds / 1000);
}

export function durationText(seconds: number): string {
  if (seconds % 86_400 === 0) return `${seconds / 86_400} d`;
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
