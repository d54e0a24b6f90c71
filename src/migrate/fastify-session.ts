import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionSource } from '../config/session-source.js';
import { migrationSource } from './migration-source.js';
import type { MigrationOptions, OldData } from './old-session.js';
import { OldStore, type OldSessionStore } from './old-store.js';
import { equalTexts, hmac, secretsOf, type Secret } from './secrets.js';
import { SignedIdForm, type IdSignature } from './signed-id-form.js';

export interface FastifySessionSigner {
  sign(value: string): string;
  unsign(value: string): { readonly valid: boolean; readonly value: string | null };
}

export interface FastifySessionOptions<S extends object, Old extends object = OldData> extends MigrationOptions<
  S,
  Old
> {
  /** `secret` or a signer; a list is newest first. */
  readonly secret: string | Uint8Array | readonly (string | Uint8Array)[] | FastifySessionSigner;
  readonly store: OldSessionStore;
  /** Default `sessionId`. */
  readonly cookieName?: string;
  /** Default: none. */
  readonly cookiePrefix?: string;
  /** Default `sha256`. */
  readonly algorithm?: string;
}

/**
 * Accepts sessions of @fastify/session, for `from`.
 * @throws {SessionConfigurationError} for invalid options.
 */
export function fastifySession<S extends object, Old extends object = OldData>(
  options: FastifySessionOptions<S, Old>,
): SessionSource<S> {
  const known = ['secret', 'store', 'cookieName', 'cookiePrefix', 'algorithm'];
  return migrationSource('fastifySession', options, known, (accepting) => {
    const store = new OldStore('fastifySession', options.store, options.cookie ?? {}, accepting);
    return new SignedIdForm('fastifySession', options.cookieName ?? 'sessionId', signatureOf(options), store);
  });
}

function signatureOf<S extends object, Old extends object>(options: FastifySessionOptions<S, Old>): IdSignature {
  const { secret, cookiePrefix: prefix = '', algorithm = 'sha256' } = options;
  const unprefixed = (text: string): string | undefined =>
    text.startsWith(prefix) ? text.slice(prefix.length) : undefined;
  if (isSigner(secret)) {
    return {
      // The signature of a text that is not an id is as secret as the key.
      secret: secret.sign('nestjs-sessions'),
      sign: (id) => prefix + secret.sign(id),
      unsign: (text) => {
        const { valid, value } = secret.unsign(unprefixed(text) ?? '');
        return valid && value !== null ? value : undefined;
      },
    };
  }
  const secrets = secretsOf('secret of fastifySession', secret);
  const signed = (id: string, by: Secret): string => `${id}.${hmac(algorithm, by, id)}`;
  try {
    signed('', secrets[0]!);
  } catch (cause) {
    throw new SessionConfigurationError(
      "fastifySession: algorithm must be one that Node's createHmac supports, such as sha256.",
      { cause },
    );
  }
  return {
    secret: secrets[0]!,
    sign: (id) => prefix + signed(id, secrets[0]!),
    unsign: (text) => {
      const bare = unprefixed(text);
      if (bare === undefined) return undefined;
      const id = bare.slice(0, Math.max(0, bare.lastIndexOf('.')));
      return secrets.some((by) => equalTexts(bare, signed(id, by))) ? id : undefined;
    },
  };
}

function isSigner(secret: unknown): secret is FastifySessionSigner {
  const { sign, unsign } = (secret ?? {}) as Partial<FastifySessionSigner>;
  return typeof sign === 'function' && typeof unsign === 'function';
}
