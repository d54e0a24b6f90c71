import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionSource } from '../config/session-source.js';
import { decodedCookie, objectOf } from './cookie-text.js';
import { ironSeal, openIronSeal, type IronPasswords } from './iron-seal.js';
import { migrationSource } from './migration-source.js';
import type { MigrationOptions, OldCookies, OldData, OldForm, OldSession } from './old-session.js';

export interface IronSessionOptions<S extends object, Old extends object = OldData> extends MigrationOptions<S, Old> {
  /** By number: the highest seals. */
  readonly password: string | Readonly<Record<string, string>>;
  readonly cookieName: string;
  /** Of seals written by `alsoWrite`. Default 14 days; `0`: unlimited. */
  readonly ttlInSeconds?: number;
  /** For `alsoWrite`: several cookies per session. Default `false`. */
  readonly chunk?: boolean;
}

const MIN_PASSWORD_LENGTH = 32;
const FOURTEEN_DAYS = 1_209_600;
/** As in iron-session 9. */
const MAX_CHUNKS = 4;
const MAX_COOKIE_BYTES = 4096;
const ATTRIBUTES = 256;
/** Not authenticated, so nothing depends on it. */
const VERSION = '~2';

/**
 * Accepts sessions of iron-session 8 and 9, for `from`.
 * @throws {SessionConfigurationError} for invalid options.
 */
export function ironSession<S extends object, Old extends object = OldData>(
  options: IronSessionOptions<S, Old>,
): SessionSource<S> {
  return migrationSource('ironSession', options, ['password', 'cookieName', 'ttlInSeconds', 'chunk'], ({ now }) => {
    return new IronSessionForm(options, now);
  });
}

class IronSessionForm implements OldForm {
  readonly kind = 'ironSession';
  readonly cookieName: string;
  readonly cookieNames: readonly string[];
  readonly #passwords: IronPasswords;
  readonly #newest: { readonly id: string; readonly password: string };
  readonly #ttl: number;
  readonly #chunk: boolean;
  readonly #now: () => number;

  constructor(
    {
      password,
      cookieName,
      ttlInSeconds = FOURTEEN_DAYS,
      chunk = false,
    }: Omit<IronSessionOptions<object>, 'map' | 'unmap'>,
    now: () => number,
  ) {
    if (typeof cookieName !== 'string' || cookieName === '') {
      throw new SessionConfigurationError('ironSession: cookieName must be the cookie name of iron-session.');
    }
    if (!Number.isInteger(ttlInSeconds) || ttlInSeconds < 0) {
      throw new SessionConfigurationError('ironSession: ttlInSeconds must be an integer, or 0 for unlimited.');
    }
    this.cookieName = cookieName;
    this.cookieNames = [cookieName, ...Array.from({ length: MAX_CHUNKS }, (_, index) => `${cookieName}.${index}`)];
    this.#passwords = passwordsOf(password);
    const id = String(Math.max(...[...this.#passwords.keys()].map(Number)));
    this.#newest = { id, password: this.#passwords.get(id)! };
    this.#ttl = ttlInSeconds * 1000;
    this.#chunk = chunk;
    this.#now = now;
  }

  open(cookies: OldCookies): OldSession | undefined {
    const [seal = ''] = this.#sealOf(cookies).split('~');
    const opened = openIronSeal(seal, this.#passwords, this.#now());
    const data = opened && objectOf(opened.text);
    if (!data) return undefined;
    const { expiresAt } = opened;
    return { data, expiresAt, writtenAt: expiresAt === undefined ? undefined : expiresAt - this.#ttl };
  }

  write({ data }: OldSession): OldCookies {
    const expiresAt = this.#ttl === 0 ? undefined : this.#now() + this.#ttl;
    const seal = ironSeal(JSON.stringify(data), this.#newest, expiresAt) + VERSION;
    const room = MAX_COOKIE_BYTES - ATTRIBUTES - this.cookieName.length;
    if (!this.#chunk || seal.length <= room) return new Map([[this.cookieName, seal]]);
    const count = Math.min(Math.ceil(seal.length / room), MAX_CHUNKS);
    return new Map(
      Array.from({ length: count }, (_, index) => [
        `${this.cookieName}.${index}`,
        seal.slice(index * room, index === count - 1 ? undefined : (index + 1) * room),
      ]),
    );
  }

  // The client could forge a number of chunks.
  #sealOf(cookies: OldCookies): string {
    const [whole, ...chunks] = this.cookieNames.map((name) => decodedCookie(cookies.get(name) ?? '') ?? '');
    if (whole) return whole;
    const gap = chunks.indexOf('');
    return chunks.slice(0, gap === -1 ? chunks.length : gap).join('');
  }
}

function passwordsOf(password: string | Readonly<Record<string, string>>): IronPasswords {
  const passwords = new Map(Object.entries(typeof password === 'string' ? { 1: password } : (password ?? {})));
  const isUsable = ([id, secret]: [string, unknown]): boolean =>
    Number.isInteger(Number(id)) && typeof secret === 'string' && secret.length >= MIN_PASSWORD_LENGTH;
  if (passwords.size > 0 && [...passwords].every(isUsable)) return passwords;
  throw new SessionConfigurationError(
    `ironSession: password must be a string of at least ${MIN_PASSWORD_LENGTH} characters, or a map by number, such as ` +
      '{ 1: process.env.OLD, 2: process.env.NEW }. Is the environment variable set?',
  );
}
