import { assertKnownOptions } from '../errors/known-options.js';
import type { SessionSource, SessionVariant } from '../config/session-source.js';
import type { CookiePrefix } from '../transport/cookie-prefix.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { assertBoolean } from '../storage/option-checks.js';

/** The old values. Default: the present ones. */
export interface SameSessionOptions {
  readonly name?: string;
  readonly domain?: string;
  readonly path?: string;
  /** `false`: none. */
  readonly prefix?: CookiePrefix;
  readonly keys?: SessionVariant['keys'];
  /** For old code. Default `false`. */
  readonly alsoWrite?: boolean;
}

/**
 * The same session under another name, domain, path or other keys, for `from`. A cookie that keeps its name moves when
 * next sent.
 * @throws {SessionConfigurationError} for invalid options.
 */
export function sameSession<S extends object>(options: SameSessionOptions): SessionSource<S> {
  assertKnownOptions('sameSession', options, ['name', 'domain', 'path', 'prefix', 'keys', 'alsoWrite']);
  assertBoolean('alsoWrite of sameSession', options.alsoWrite);
  const { name, domain, path, prefix, keys, alsoWrite } = options;
  if ([name, domain, path, prefix, keys].every((one) => one === undefined)) {
    throw new SessionConfigurationError(
      'sameSession needs an option: name, domain, path, prefix or keys of the old session.',
    );
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
