/** One response, with parsed cookies. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The `Set-Cookie` lines, in order. */
  readonly setCookies: readonly string[];
  /** The line that sets or clears this cookie. */
  setCookie(name: string): string | undefined;
  /** `name=value` of a line, as sent back by a client. */
  cookie(name: string): string;
  json<T>(): T;
}

/** Sends one request, without redirects and cookie jar. */
export async function ask(
  url: string,
  options: { cookie?: string | undefined; method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { cookie, ...rest } = options;
  const response = await fetch(url, {
    ...rest,
    redirect: 'manual',
    headers: { ...rest.headers, ...(cookie === undefined ? {} : { cookie }) },
  });
  const text = await response.text();
  const setCookies = response.headers.getSetCookie();
  const setCookie = (name: string): string | undefined => setCookies.find((line) => line.startsWith(`${name}=`));
  return {
    status: response.status,
    headers: response.headers,
    text,
    setCookies,
    setCookie,
    cookie: (name) => setCookie(name)?.split(';')[0] ?? '',
    json: <T>() => JSON.parse(text) as T,
  };
}

/** Sends a body as JSON. */
export function postJson(url: string, body: object, cookie?: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  return ask(url, { method: 'POST', cookie, headers, body: JSON.stringify(body) });
}
