/** Allow shared caching (RFC 9111, 5.2.2.9 and 5.2.2.10). */
const SHARING = /^\s*(?:public|s-maxage)\s*(?:=|$)/i;
const PRIVATE = /^\s*private\s*$/i;

/** Replaces `public` and `s-maxage` by `private`. */
export function withoutSharing(cacheControl: string): string {
  const directives = cacheControl.split(',');
  const others = directives.filter((directive) => !SHARING.test(directive));
  if (others.length === directives.length) return cacheControl;
  const rest = others.map((directive) => directive.trim()).filter((directive) => directive !== '');
  return rest.some((directive) => PRIVATE.test(directive)) ? rest.join(', ') : ['private', ...rest].join(', ');
}
