import type { SessionProvider } from './session-provider.js';

/**
 * Whether the application writes the cookie of a session itself: a line of exactly its name, or one that clears the
 * declared name where the cookie has a prefix, as `res.clearCookie('sid')` does.
 */
export function isReplaced({ name, transport }: SessionProvider, lines: readonly string[]): boolean {
  if (transport.kind !== 'cookie') return false;
  const { name: cookie = name } = transport;
  return lines.some((line) => {
    const written = line.slice(0, Math.max(0, line.indexOf('='))).trim();
    return written === cookie || (written === name && /^[^=]*=(?:;|$)/.test(line));
  });
}
