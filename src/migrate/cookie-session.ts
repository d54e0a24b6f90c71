import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionSource } from '../config/session-source.js';
import { objectOf } from './cookie-text.js';
import { migrationSource } from './migration-source.js';
import type { MigrationOptions, OldCookies, OldData, OldForm, OldSession } from './old-session.js';
import { equalTexts, hmac, secretsOf, type Secret } from './secrets.js';

export interface KeygripLike {
  sign(data: string): string;
  verify(data: string, digest: string): boolean;
}

export interface CookieSessionOptions<S extends object, Old extends object = OldData> extends MigrationOptions<S, Old> {
  /** Newest first, or a Keygrip. */
  readonly keys: readonly string[] | KeygripLike;
  /** Default `session`. */
  readonly name?: string;
}

/**
 * Accepts sessions of cookie-session and nestjs-cookie-session, for `from`. They do not expire.
 * @throws {SessionConfigurationError} for invalid options.
 */
export function cookieSession<S extends object, Old extends object = OldData>(
  options: CookieSessionOptions<S, Old>,
): SessionSource<S> {
  return migrationSource('cookieSession', options, ['keys', 'name'], () => {
    return new CookieSessionForm(options.name ?? 'session', keygripOf(options.keys));
  });
}

class CookieSessionForm implements OldForm {
  readonly kind = 'cookieSession';
  readonly cookieName: string;
  readonly cookieNames: readonly string[];
  readonly #keys: KeygripLike;

  constructor(name: string, keys: KeygripLike) {
    this.cookieName = name;
    this.cookieNames = [name, `${name}.sig`];
    this.#keys = keys;
  }

  open(cookies: OldCookies): OldSession | undefined {
    const [value = '', signature = ''] = this.cookieNames.map((name) => withoutQuotes(cookies.get(name) ?? ''));
    if (value === '' || !this.#keys.verify(`${this.cookieName}=${value}`, signature)) return undefined;
    const data = objectOf(Buffer.from(value, 'base64').toString('utf8'));
    return data && { data };
  }

  write({ data }: OldSession): OldCookies {
    const value = Buffer.from(JSON.stringify(data)).toString('base64');
    return new Map([
      [this.cookieName, value],
      [`${this.cookieName}.sig`, this.#keys.sign(`${this.cookieName}=${value}`)],
    ]);
  }
}

function keygripOf(keys: readonly string[] | KeygripLike): KeygripLike {
  const { sign, verify } = (keys ?? {}) as Partial<KeygripLike>;
  if (typeof sign === 'function' && typeof verify === 'function') return keys as KeygripLike;
  if (!Array.isArray(keys)) {
    throw new SessionConfigurationError('cookieSession: keys must be the list of cookie-session or a Keygrip.');
  }
  const secrets = secretsOf('keys of cookieSession', keys as readonly Secret[]);
  // HMAC-SHA1 is not broken, unlike SHA-1 (RFC 6194, section 3.3).
  const signature = (data: string, by: Secret): string =>
    hmac('sha1', by, data).replaceAll('/', '_').replaceAll('+', '-');
  return {
    sign: (data) => signature(data, secrets[0]!),
    verify: (data, digest) => secrets.some((by) => equalTexts(signature(data, by), digest)),
  };
}

function withoutQuotes(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1) : text;
}
