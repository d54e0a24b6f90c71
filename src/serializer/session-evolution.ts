import { SessionConfigurationError } from '../errors/session.errors.js';
import { parseObject } from './json-text.js';
import { migrationsOf } from './migrate.decorator.js';
import type { SessionMigration, StoredFields } from './session-migration-step.js';
import { decodeFields } from './tagged-value.js';

/** The stored name of the version: the first field of a text. A text without it is of version 1. */
export const VERSION_FIELD = '#version';

/** A step of a migration failed. Nothing of the session is shown. */
export class MigrationFailure extends Error {}

/** The version of a session class, and how stored sessions of older ones are brought up to it. */
export class SessionEvolution {
  readonly version: number;
  readonly #steps: readonly SessionMigration[];
  readonly #write: (fields: StoredFields) => string;
  /** How a text of this version begins, up to the digit that may follow. */
  readonly #head: string;

  /**
   * @param write the text of decoded fields.
   * @throws {SessionConfigurationError} for a version that is no whole number from 1, and steps that contradict it.
   */
  constructor(
    type: { readonly name: string },
    version: number,
    migrations: readonly SessionMigration[],
    write: (fields: StoredFields) => string,
  ) {
    this.version = version;
    this.#steps = checked(type.name, version, [...migrationsOf(type), ...migrations]);
    this.#write = write;
    this.#head = `{"${VERSION_FIELD}":${version}`;
  }

  /** Where the fields of a text of this version go on behind the version; 0 for a text that may be of another. */
  startOf(text: string): number {
    const { length } = this.#head;
    // Comparing a slice takes half as long as startsWith().
    return text.slice(0, length) === this.#head && !isDigit(text.charCodeAt(length)) ? length : 0;
  }

  /**
   * A text of this version or a newer one as it is, an older one brought up step by step.
   * @throws {MigrationFailure} where a step fails, {SyntaxError} for a text that is no session.
   */
  upgraded(text: string): string {
    const fields = parseObject(text);
    let version = versionOf(fields);
    if (version >= this.version) return text;
    let present = decodeFields(fields, 0);
    delete present[VERSION_FIELD];
    for (let step = this.#stepFrom(version); step; step = this.#stepFrom(version)) {
      present = applied(step, present);
      version = step.to;
    }
    return this.#write({ [VERSION_FIELD]: this.version, ...present });
  }

  // Versions that no step begins with differ by additions only.
  #stepFrom(version: number): SessionMigration | undefined {
    return this.#steps.find(({ from }) => from >= version);
  }
}

/** The version of a text. @throws {SyntaxError} for a text that is no session. */
export function versionOfText(text: string): number {
  return versionOf(parseObject(text));
}

function versionOf(fields: StoredFields): number {
  const version = fields[VERSION_FIELD] ?? 1;
  if (!Number.isSafeInteger(version) || (version as number) < 1) {
    throw new SyntaxError('The version of a stored session is broken.');
  }
  return version as number;
}

function applied({ from, to, migrate }: SessionMigration, fields: StoredFields): StoredFields {
  let result: unknown;
  try {
    result = migrate(fields) ?? fields;
  } catch (cause) {
    throw new MigrationFailure(`The migration from version ${from} to ${to} failed.`, { cause });
  }
  if (typeof result === 'object' && result !== null && !Array.isArray(result) && !('then' in result)) {
    return result as StoredFields;
  }
  throw new MigrationFailure(`The migration from version ${from} to ${to} must return the fields, or nothing.`);
}

function checked(name: string, version: number, steps: readonly SessionMigration[]): readonly SessionMigration[] {
  const refuse = (problem: string): never => {
    throw new SessionConfigurationError(`Session class ${name}: ${problem}`);
  };
  if (!Number.isSafeInteger(version) || version < 1) refuse('version is a whole number from 1, as in { version: 2 }.');
  for (const { from, to, migrate } of steps) {
    const isStep = Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 1 && from < to;
    if (!isStep || typeof migrate !== 'function') {
      refuse('a migration goes from a version to a newer one, as in @Migrate(1, 2) on a static method.');
    }
    if (to > version) refuse(`a migration leads to version ${to}, and the class says version: ${version}. Raise it.`);
  }
  const ordered = [...steps].sort((left, right) => left.from - right.from);
  ordered.forEach(({ from }, index) => {
    if (ordered[index + 1]?.from === from) refuse(`two migrations begin with version ${from}. Keep one.`);
  });
  return ordered;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
