import { SessionConfigurationError } from '../errors/session.errors.js';

/** Other origins whose pages may use sessions over a socket. */
export type AllowedOrigins = readonly string[] | ((origin: string) => boolean);

/** Bounds the work per request. */
const MOST_HOSTS = 8;

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s*]+$/i;

/**
 * Whether a page of `origin` may use sessions over a socket opened at one of `hosts`: browsers let any page open a
 * socket with cookies (OWASP: cross-site WebSocket hijacking). Schemes are ignored, because a proxy may end TLS.
 */
export function allowsSocket(allowed: AllowedOrigins, origin: string, hosts: readonly string[]): boolean {
  if (typeof allowed === 'function' ? allowed(origin) === true : includes(allowed, origin)) return true;
  let url: URL;
  try {
    url = new URL(origin);
  } catch {
    return false;
  }
  if (url.host === '') return false;
  return hosts.some((host) => sameHost(url, host.trim()));
}

export function hostsOf(header: string): readonly string[] {
  return header.split(',', MOST_HOSTS);
}

/** @throws {SessionConfigurationError} for an invalid origin. */
export function checkedOrigins(allowed: AllowedOrigins | undefined): AllowedOrigins {
  if (allowed === undefined || typeof allowed === 'function') return allowed ?? [];
  const wrong = Array.isArray(allowed) ? allowed.find((one) => typeof one !== 'string' || !ORIGIN.test(one)) : allowed;
  if (wrong === undefined) return allowed;
  throw new SessionConfigurationError(
    `allowedOrigins: ${JSON.stringify(wrong)} is no origin. Write scheme, host and port as browsers send them, such as ` +
      "allowedOrigins: ['https://app.example.com'], or a function (origin) => boolean.",
  );
}

function includes(allowed: readonly string[], origin: string): boolean {
  return allowed.some((one) => one.toLowerCase() === origin.toLowerCase());
}

// The same scheme, so that an explicit default port makes no difference.
function sameHost(origin: URL, host: string): boolean {
  try {
    return new URL(`${origin.protocol}//${host}`).host === origin.host;
  } catch {
    return false;
  }
}
