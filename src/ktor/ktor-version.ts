import { SessionConfigurationError } from '../errors/session.errors.js';

/**
 * Each value stands for a range of versions with equal output: `1.5` for 1.2 to 2.1.2, `2.2` for 2.2.0 to 2.3.0, `2.3`
 * for 2.3.1 to 2.3.13, `3.4` for 3.0 to 3.4, `3.5`, `3.6`.
 *
 * `2.2` and `2.3` write the same bytes, as do `3.5` and `3.6`. Up to `2.2`, a session is sent with every response to a
 * request that read it (KTOR-912).
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
