import { SessionConfigurationError } from '../errors/session.errors.js';

/**
 * The version of a Ktor server: the latest of a row that writes the same bytes. `1.5` stands for 1.2 to 2.1.2, `2.3`
 * for 2.3.1 to 2.3.13, `3.4` for 3.0 to 3.4, `3.5` and `3.6` for 3.5 and later.
 *
 * 2.2.0 to 2.3.0 write what `2.3` writes, and send a session with every response to a request that asked for it
 * (KTOR-912): with `2.3` it is sent when it was set or changed, and its Max-Age slides then.
 */
export type KtorVersion = '1.5' | '2.3' | '3.4' | '3.5' | '3.6';

export const KTOR_VERSIONS: readonly KtorVersion[] = ['1.5', '2.3', '3.4', '3.5', '3.6'];

/** @throws {SessionConfigurationError} for any other version. */
export function checkKtorVersion(version: KtorVersion): void {
  if (KTOR_VERSIONS.includes(version)) return;
  throw new SessionConfigurationError(
    `Unknown version of Ktor. Use one of ${KTOR_VERSIONS.map((one) => `'${one}'`).join(', ')}: the last one that is ` +
      "not later than the server's.",
  );
}

export function isBefore(version: KtorVersion, other: KtorVersion): boolean {
  return KTOR_VERSIONS.indexOf(version) < KTOR_VERSIONS.indexOf(other);
}
