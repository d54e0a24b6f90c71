import { refuseUnknownOptions } from '../errors/known-options.js';
import type { SessionSource, SessionVariant } from '../config/session-source.js';
import type { CookiePrefix } from '../transport/cookie-prefix.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { assertBoolean } from '../storage/option-type.js';

/** Options of {@link sameSession}: what was different before. */
export interface SameSessionOptions {
  /** The old name of the session, which is that of its cookie. Default: the present one. */
  readonly name?: string;
  /** The old `Domain` of the cookie. Default: the present one. */
  readonly domain?: string;
  /** The old `Path` of the cookie. Default: the present one. */
  readonly path?: string;
  /** The old prefix of the cookie's name: `false` for a cookie that had none. Default: the present one. */
  readonly prefix?: CookiePrefix;
  /** The old keys of a session by value, newest first. Default: the present ones. */
  readonly keys?: SessionVariant['keys'];
  /**
   * Keeps the session in its old place, which the old code reads, until you switch it off; sessions in the new place are
   * accepted. Default `false`.
   */
  readonly alsoWrite?: boolean;
}

/**
 * The same session in another place, for `from`: under another name, domain or path, or with other keys. For a cookie or
 * a class that is renamed, or a cookie that moves to another scope.
 *
 * A cookie that keeps its name cannot be told from the new one: it moves when the session is next sent or renewed.
 * @throws {SessionConfigurationError} for what cannot work.
 */
export function sameSession<S extends object>(options: SameSessionOptions): SessionSource<S> {
  refuseUnknownOptions('sameSession', options, ['name', 'domain', 'path', 'prefix', 'keys', 'alsoWrite']);
  assertBoolean('alsoWrite of sameSession', options.alsoWrite);
  const { name, domain, path, prefix, keys, alsoWrite } = options;
  if ([name, domain, path, prefix, keys].every((one) => one === undefined)) {
    throw new SessionConfigurationError('sameSession needs what was different: name, domain, path, prefix or keys.');
  }
  const cookie = {
    ...(domain === undefined ? {} : { domain }),
    ...(path === undefined ? {} : { path }),
    ...(prefix === undefined ? {} : { prefix }),
  };
  return {
    alsoWrite: alsoWrite ? 'old-place' : undefined,
    providerFor: (session) =>
      session.variant({
        ...(name === undefined ? {} : { name }),
        ...(keys === undefined ? {} : { keys }),
        ...(Object.keys(cookie).length === 0 ? {} : { cookie }),
      }),
  };
}
