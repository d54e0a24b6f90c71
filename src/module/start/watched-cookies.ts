import type { SessionProviders } from '../../session/session-providers.js';
import { httpSessionsOf } from '../request/sessions-of-request.js';

/** Methods of Express and @fastify/cookie that write a cookie. */
const METHODS = ['cookie', 'setCookie', 'clearCookie'] as const;

type Method = (this: ResponseLike, name: unknown, ...rest: unknown[]) => unknown;

interface ResponseLike extends Partial<Record<(typeof METHODS)[number], Method>> {
  readonly req?: object;
  readonly request?: object;
}

/**
 * Lets an application's own line for a cookie, such as `res.clearCookie('sid')`, end the session even if the
 * request did not use it.
 * @param response prototype of responses.
 */
export function watchCookies(application: { readonly providers: SessionProviders }, response: object): void {
  const responses: ResponseLike = response;
  for (const method of METHODS) {
    const original = responses[method];
    if (typeof original !== 'function') continue;
    responses[method] = function (name, ...rest) {
      const request = this.request ?? this.req;
      // Used: the response hold sees the line.
      if (request && isCookieWithId(application.providers, name)) httpSessionsOf(request, this);
      return original.call(this, name, ...rest);
    };
  }
}

function isCookieWithId({ all }: SessionProviders, name: unknown): boolean {
  return all.some(
    (provider) =>
      provider.transport.kind === 'cookie' &&
      provider.tracker.clearById !== undefined &&
      (provider.name === name || provider.transport.name === name),
  );
}
