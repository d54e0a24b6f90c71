import { SessionConfigurationError } from '../errors/session.errors.js';

/**
 * The version of a Ktor server: the latest of a row that writes the same bytes. `1.5` stands for 1.2 to 2.1.2, `2.3`
 * for 2.2 to 2.3, `3.4` for 3.0 to 3.4, `3.5` for what came after.
 */
export type KtorVersion = '1.5' | '2.3' | '3.4' | '3.5';

export const KTOR_VERSIONS: readonly KtorVersion[] = ['1.5', '2.3', '3.4', '3.5'];

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
