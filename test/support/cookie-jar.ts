/** The cookies of one client by name; ignores paths and domains. */
export class CookieJar extends Map<string, string> {
  /** The `Cookie` header, or no header without cookies. */
  get headers(): { cookie?: string } {
    return this.size === 0 ? {} : { cookie: [...this].map(([name, value]) => `${name}=${value}`).join('; ') };
  }

  /** Stores the cookies of `Set-Cookie` lines, and removes those that have expired. */
  keep(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(/; */);
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (hasExpired(attributes)) this.delete(name);
      else this.set(name, value);
    }
  }
}

function hasExpired(attributes: readonly string[]): boolean {
  const valueOf = (name: string): string | undefined =>
    attributes.find((attribute) => attribute.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
  const [maxAge, expires] = [valueOf('max-age'), valueOf('expires')];
  return maxAge === undefined ? expires !== undefined && Date.parse(expires) <= Date.now() : Number(maxAge) <= 0;
}
