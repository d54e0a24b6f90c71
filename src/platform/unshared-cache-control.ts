/** Directives that let a cache keep one answer for several visitors (RFC 9111, 5.2.2.9 and 5.2.2.10). */
const SHARING = /^\s*(?:public|s-maxage)\s*(?:=|$)/i;
const PRIVATE = /^\s*private\s*$/i;

/**
 * A `Cache-Control` that lets shared caches keep the response, as `private`: without `public` and `s-maxage`, all else as
 * it is. The text itself where it has neither.
 */
export function withoutSharing(cacheControl: string): string {
  const directives = cacheControl.split(',');
  const others = directives.filter((directive) => !SHARING.test(directive));
  if (others.length === directives.length) return cacheControl;
  const rest = others.map((directive) => directive.trim()).filter((directive) => directive !== '');
  return rest.some((directive) => PRIVATE.test(directive)) ? rest.join(', ') : ['private', ...rest].join(', ');
}
