import { SessionConfigurationError } from '../../errors/session.errors.js';

export type AllowedOrigins = readonly string[] | ((origin: string) => boolean);

const MAX_HOSTS = 8;

const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s*]+$/i;

/**
 * Against cross-site WebSocket hijacking (OWASP). Ignores the scheme, because a proxy may end TLS.
 * @param hosts of the socket.
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
  return header.split(',', MAX_HOSTS);
}

export function checkedOrigins(allowed: AllowedOrigins | undefined): AllowedOrigins {
  if (allowed === undefined || typeof allowed === 'function') return allowed ?? [];
  const wrong = Array.isArray(allowed) ? allowed.find((one) => typeof one !== 'string' || !ORIGIN.test(one)) : allowed;
  if (wrong === undefined) return allowed;
  throw new SessionConfigurationError(
    `allowedOrigins: ${JSON.stringify(wrong)} is not an origin. Write scheme, host and port as browsers send them, such as ` +
      "allowedOrigins: ['https://app.example.com'], or a function (origin) => boolean.",
  );
}

function includes(allowed: readonly string[], origin: string): boolean {
  return allowed.some((one) => one.toLowerCase() === origin.toLowerCase());
}

// The scheme of the origin makes a default port equal to no port.
function sameHost(origin: URL, host: string): boolean {
  try {
    return new URL(`${origin.protocol}//${host}`).host === origin.host;
  } catch {
    return false;
  }
}
