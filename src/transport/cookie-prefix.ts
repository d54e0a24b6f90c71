/** Enforced by browsers (RFC 6265bis, 4.1.3). */
export type CookiePrefix = 'auto' | '__Host-' | '__Secure-' | '__Http-' | '__Host-Http-' | false;

export const COOKIE_PREFIXES: readonly CookiePrefix[] = [
  'auto',
  '__Host-',
  '__Secure-',
  '__Http-',
  '__Host-Http-',
  false,
];

interface PrefixedCookie {
  readonly prefix?: CookiePrefix;
  readonly secure?: boolean | 'auto';
  readonly domain?: string;
  readonly path?: string;
  readonly attributes?: unknown;
}

/** `'auto'` adds one in production only (ASVS 5.0, 3.3.1 and 3.3.3). */
export function prefixedName(name: string, cookie: PrefixedCookie): string {
  const { prefix = 'auto' } = cookie;
  if (prefix === false || hasPrefix(name, '__Secure-', '__Host-', '__Http-')) return name;
  if (prefix !== 'auto') return prefix + name;
  if (cookie.secure === false || process.env['NODE_ENV'] !== 'production') return name;
  const isForHost = cookie.domain === undefined && cookie.attributes === undefined && (cookie.path ?? '/') === '/';
  return (isForHost ? '__Host-' : '__Secure-') + name;
}

/** Ignores case (RFC 6265bis, 5.7). */
export function hasPrefix(name: string, ...prefixes: readonly string[]): boolean {
  const lower = name.toLowerCase();
  return prefixes.some((prefix) => lower.startsWith(prefix.toLowerCase()));
}
