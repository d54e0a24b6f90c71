import type { SessionSource } from '../config/session-source.js';
import { migrationSource } from './migration-source.js';
import type { MigrationOptions, OldData } from './old-session.js';
import { OldStore, type OldSessionStore } from './old-store.js';
import { equalTexts, hmac, secretsOf, type Secret } from './secrets.js';
import { SignedIdForm, type IdSignature } from './signed-id-form.js';

export interface ExpressSessionOptions<S extends object, Old extends object = OldData> extends MigrationOptions<
  S,
  Old
> {
  /** `secret` of express-session; a list is newest first. */
  readonly secret: Secret | readonly Secret[];
  /** Such as connect-redis, connect-pg-simple or connect-mongo. */
  readonly store: OldSessionStore;
  /** Default `connect.sid`. */
  readonly name?: string;
}

/**
 * Accepts sessions of express-session and nestjs-session, for `from`.
 * @throws {SessionConfigurationError} for invalid options.
 */
export function expressSession<S extends object, Old extends object = OldData>(
  options: ExpressSessionOptions<S, Old>,
): SessionSource<S> {
  return migrationSource('expressSession', options, ['secret', 'store', 'name'], (accepting) => {
    const signature = expressSignature('secret of expressSession', options.secret);
    const store = new OldStore('expressSession', options.store, options.cookie ?? {}, accepting);
    return new SignedIdForm('expressSession', options.name ?? 'connect.sid', signature, store);
  });
}

/** `s:<id>.<signature>`, as in cookie-signature. */
function expressSignature(place: string, secret: Secret | readonly Secret[]): IdSignature {
  const secrets = secretsOf(place, secret);
  const signed = (id: string, by: Secret): string => `${id}.${hmac('sha256', by, id)}`;
  return {
    secret: secrets[0]!,
    sign: (id) => `s:${signed(id, secrets[0]!)}`,
    unsign: (text) => {
      if (!text.startsWith('s:')) return undefined;
      const id = text.slice(2, Math.max(2, text.lastIndexOf('.')));
      return secrets.some((by) => equalTexts(text.slice(2), signed(id, by))) ? id : undefined;
    },
  };
}
