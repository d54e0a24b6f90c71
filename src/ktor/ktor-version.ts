import { SessionConfigurationError } from '../errors/session.errors.js';

/**
 * A range of versions: `1.5` is 1.2 to 2.1.2, `2.2` is 2.2.0 to 2.3.0, `2.3` is 2.3.1 to 2.3.13, `3.4` is 3.0 to 3.4.
 *
 * Up to `2.2`, every response to a request that read a session sends it (KTOR-912).
 */
export type KtorVersion = '1.5' | '2.2' | '2.3' | '3.4' | '3.5' | '3.6';

export const KTOR_VERSIONS: readonly KtorVersion[] = ['1.5', '2.2', '2.3', '3.4', '3.5', '3.6'];

export function checkKtorVersion(version: KtorVersion): void {
  if (KTOR_VERSIONS.includes(version)) return;
  throw new SessionConfigurationError(
    `Unknown version of Ktor. Use ${KTOR_VERSIONS.map((one) => `'${one}'`).join(', ')}: the last one that is ` +
      "not later than the server's.",
  );
}

export function isBefore(version: KtorVersion, other: KtorVersion): boolean {
  return KTOR_VERSIONS.indexOf(version) < KTOR_VERSIONS.indexOf(other);
}
