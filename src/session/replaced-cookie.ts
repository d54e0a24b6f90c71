import type { SessionProvider } from './session-provider.js';

/**
 * Whether the application sets the session's cookie itself: a `Set-Cookie` with its name, or one that clears the name
 * without prefix, such as `res.clearCookie('sid')`.
 */
export function isReplaced({ name, transport }: SessionProvider, lines: readonly string[]): boolean {
  if (transport.kind !== 'cookie') return false;
  const { name: cookie = name } = transport;
  return lines.some((line) => {
    const written = line.slice(0, Math.max(0, line.indexOf('='))).trim();
    return written === cookie || (written === name && /^[^=]*=(?:;|$)/.test(line));
  });
}
