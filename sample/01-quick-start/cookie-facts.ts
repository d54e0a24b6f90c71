/** Displayed properties of one cookie. */
export interface CookieFacts {
  readonly name: string;
  /** Bytes of name and value as the browser sent them; `undefined` if it sent none. */
  readonly bytes: number | undefined;
  /** The defaults of the package. */
  readonly attributes: string;
}

/** @param header the request's `Cookie` header. */
export function cookieFacts(header: string, name: string, days: number): CookieFacts {
  const sent = header.split('; ').find((cookie) => cookie.startsWith(`${name}=`));
  return {
    name,
    bytes: sent?.length,
    attributes: `HttpOnly, SameSite=Lax, Path=/, ${days === 1 ? '1 day' : `${days} days`}`,
  };
}
