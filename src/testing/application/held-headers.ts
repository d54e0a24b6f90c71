import { SessionError } from '../../errors/session.errors.js';

export type ResponseHeaders = Headers | Readonly<Record<string, string | number | readonly string[] | undefined>>;

export interface SupertestJar {
  getCookies(access: never): ReadonlyArray<{ readonly name: string; readonly value: string }>;
}

export interface ToughJar {
  toJSON(): { readonly cookies: ReadonlyArray<{ readonly key?: string; readonly value?: string }> } | undefined;
}

export type SessionHolder =
  | { readonly headers: ResponseHeaders }
  | { readonly jar: SupertestJar | ToughJar }
  | SupertestJar
  | ToughJar
  | Readonly<Record<string, string>>;

export function heldBy(source: SessionHolder): Record<string, string> {
  const jar: unknown = 'jar' in source && typeof source.jar === 'object' ? source.jar : source;
  if (isSupertestJar(jar)) return cookieHeader(supertestCookies(jar));
  if (isToughJar(jar)) {
    return cookieHeader((jar.toJSON()?.cookies ?? []).map(({ key = '', value = '' }) => `${key}=${value}`));
  }
  if (!('headers' in source) || typeof source.headers !== 'object') return source as Record<string, string>;
  return fromResponse(source.headers);
}

function fromResponse(headers: ResponseHeaders): Record<string, string> {
  const isFetch = headers instanceof Headers;
  const plain = (isFetch ? Object.fromEntries(headers) : headers) as Readonly<Record<string, unknown>>;
  const lines = isFetch ? headers.getSetCookie() : [plain['set-cookie'] ?? []].flat().map(String);
  const sent = Object.entries(plain).filter(([name, value]) => name !== 'set-cookie' && value !== undefined);
  return {
    ...Object.fromEntries(sent.map(([name, value]) => [name, String(value)])),
    ...cookieHeader(lines.filter((line) => !/;\s*Max-Age=0\b/i.test(line)).map((line) => line.split(';')[0]!)),
  };
}

function cookieHeader(pairs: readonly string[]): Record<string, string> {
  return pairs.length === 0 ? {} : { cookie: pairs.join('; ') };
}

function supertestCookies(jar: SupertestJar): string[] {
  // Supertest's host; `script: false` includes HttpOnly cookies.
  const access = { domain: '127.0.0.1', path: '/', secure: true, script: false };
  return jar.getCookies(access as never).map(({ name, value }) => `${name}=${value}`);
}

function isSupertestJar(jar: unknown): jar is SupertestJar {
  return typeof (jar as Partial<SupertestJar>).getCookies === 'function' && !isToughJar(jar);
}

function isToughJar(jar: unknown): jar is ToughJar {
  return typeof (jar as Partial<ToughJar>).toJSON === 'function' && 'setCookie' in (jar as object);
}

export function setCookieLine(source: SessionHolder, name: string): string | undefined {
  if (!('headers' in source) || typeof source.headers !== 'object') {
    throw new SessionError('SESSION_NO_REQUEST', 'Pass a response of fetch, supertest or light-my-request.');
  }
  const { headers } = source;
  const lines = headers instanceof Headers ? headers.getSetCookie() : [headers['set-cookie'] ?? []].flat().map(String);
  return lines.find((line) => line.startsWith(`${name}=`));
}
