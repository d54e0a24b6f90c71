import { randomBytes } from 'node:crypto';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionSource } from '../config/session-source.js';
import { decodedCookie, objectOf } from './cookie-text.js';
import { migrationSource } from './migration-source.js';
import type { MigrationOptions, OldCookies, OldData, OldForm, OldSession } from './old-session.js';
import { openSecretbox, secretbox, SECRETBOX_NONCE_BYTES } from './secretbox.js';
import { keyOfSecret, secureSessionKeys, type SecureSessionKey, type SodiumLike } from './secure-session-keys.js';

export interface FastifySecureSessionOptions<S extends object, Old extends object = OldData> extends MigrationOptions<
  S,
  Old
> {
  /** 32 bytes or their base64; a list is newest first. */
  readonly key?: SecureSessionKey | readonly SecureSessionKey[];
  readonly secret?: string | Uint8Array;
  /** Default: the salt of the package. */
  readonly salt?: string | Uint8Array;
  /** The package sodium-native, needed for `secret` before Node 24.7. */
  readonly sodium?: SodiumLike;
  /** `cookieName` or `sessionName`. Default `session`. */
  readonly cookieName?: string;
  /** After the last change. Default 86,401. */
  readonly expiryInSeconds?: number;
}

const KNOWN = ['key', 'secret', 'salt', 'sodium', 'cookieName', 'expiryInSeconds'];

/**
 * Accepts sessions of @fastify/secure-session, for `from`.
 * @throws {SessionConfigurationError} for invalid options.
 */
export function fastifySecureSession<S extends object, Old extends object = OldData>(
  options: FastifySecureSessionOptions<S, Old>,
): SessionSource<S> {
  return migrationSource('fastifySecureSession', options, KNOWN, ({ now }) => {
    const expiry = options.expiryInSeconds ?? 86_401;
    if (!Number.isFinite(expiry) || expiry <= 0) {
      throw new SessionConfigurationError('fastifySecureSession: expiryInSeconds must be a positive number.');
    }
    return new SecureSessionForm(options.cookieName ?? 'session', keysOf(options), expiry, now);
  });
}

class SecureSessionForm implements OldForm {
  readonly kind = 'fastifySecureSession';
  readonly cookieName: string;
  readonly cookieNames: readonly string[];
  readonly #keys: readonly Uint8Array[];
  readonly #expiry: number;
  readonly #now: () => number;

  constructor(name: string, keys: readonly Uint8Array[], expiryInSeconds: number, now: () => number) {
    this.cookieName = name;
    this.cookieNames = [name];
    this.#keys = keys;
    this.#expiry = expiryInSeconds;
    this.#now = now;
  }

  open(cookies: OldCookies): OldSession | undefined {
    const text = decodedCookie(cookies.get(this.cookieName) ?? '') ?? '';
    const [box, nonce] = text.split(';').map((part) => Buffer.from(part, 'base64'));
    if (!box || !nonce) return undefined;
    for (const key of this.#keys) {
      const opened = openSecretbox(box, nonce, key);
      if (opened) return this.#sessionOf(opened.toString('utf8'));
    }
    return undefined;
  }

  write({ data }: OldSession): OldCookies {
    const nonce = randomBytes(SECRETBOX_NONCE_BYTES);
    const text = JSON.stringify({ ...data, __ts: Math.round(this.#now() / 1000) });
    const box = secretbox(Buffer.from(text), nonce, this.#keys[0]!);
    return new Map([[this.cookieName, encodeURIComponent(`${box.toString('base64')};${nonce.toString('base64')}`)]]);
  }

  #sessionOf(json: string): OldSession | undefined {
    const { __ts: seconds, ...data } = objectOf(json) ?? {};
    if (typeof seconds !== 'number') return undefined;
    return { data, writtenAt: seconds * 1000, expiresAt: (seconds + this.#expiry) * 1000 };
  }
}

function keysOf<S extends object, Old extends object>({
  key,
  secret,
  salt,
  sodium,
}: FastifySecureSessionOptions<S, Old>): readonly Uint8Array[] {
  if (key !== undefined) return secureSessionKeys(key);
  if (secret !== undefined) return [keyOfSecret(secret, salt, sodium)];
  throw new SessionConfigurationError(
    'fastifySecureSession: set key or secret to that of the old application. Is its environment variable set?',
  );
}
