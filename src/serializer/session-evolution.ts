import { SessionConfigurationError } from '../errors/session.errors.js';
import { parseObject } from './json-text.js';
import { migrationsOf, type SessionMigration, type StoredFields } from './migrate.decorator.js';
import { decodeFields } from './tagged-value.js';

/** First in the text. Default 1. */
export const VERSION_FIELD = '#version';

export class MigrationFailure extends Error {}

export class SessionEvolution {
  readonly version: number;
  readonly #steps: readonly SessionMigration[];
  readonly #write: (fields: StoredFields) => string;
  readonly #versionPrefix: string;

  constructor(
    type: { readonly name: string },
    version: number,
    migrations: readonly SessionMigration[],
    write: (fields: StoredFields) => string,
  ) {
    this.version = version;
    this.#steps = checkedSteps(type.name, version, [...migrationsOf(type), ...migrations]);
    this.#write = write;
    this.#versionPrefix = `{"${VERSION_FIELD}":${version}`;
  }

  /** 0 if the text may be of another version. */
  startOf(text: string): number {
    const { length } = this.#versionPrefix;
    // Faster than startsWith().
    return text.slice(0, length) === this.#versionPrefix && !isDigit(text.charCodeAt(length)) ? length : 0;
  }

  upgrade(text: string): string {
    const fields = parseObject(text);
    let version = versionOf(fields);
    if (version >= this.version) return text;
    let present = decodeFields(fields, 0);
    delete present[VERSION_FIELD];
    for (let step = this.#stepFrom(version); step; step = this.#stepFrom(version)) {
      present = applyStep(step, present);
      version = step.to;
    }
    return this.#write({ [VERSION_FIELD]: this.version, ...present });
  }

  // Other versions differ by additions only.
  #stepFrom(version: number): SessionMigration | undefined {
    return this.#steps.find(({ from }) => from >= version);
  }
}

export function versionOfText(text: string): number {
  return versionOf(parseObject(text));
}

function versionOf(fields: StoredFields): number {
  const version = fields[VERSION_FIELD] ?? 1;
  if (!Number.isSafeInteger(version) || (version as number) < 1) {
    throw new SyntaxError('The version of the stored session is invalid.');
  }
  return version as number;
}

function applyStep({ from, to, migrate }: SessionMigration, fields: StoredFields): StoredFields {
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

function checkedSteps(name: string, version: number, steps: readonly SessionMigration[]): readonly SessionMigration[] {
  const refuse = (problem: string): never => {
    throw new SessionConfigurationError(`Session class ${name}: ${problem}`);
  };
  if (!Number.isSafeInteger(version) || version < 1)
    refuse('version must be an integer from 1, such as { version: 2 }.');
  for (const { from, to, migrate } of steps) {
    const isStep = Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 1 && from < to;
    if (!isStep || typeof migrate !== 'function') {
      refuse('a migration must lead to a newer version, such as @Migrate(1, 2).');
    }
    if (to > version)
      refuse(`a migration leads to version ${to}, but the class has version ${version}. Raise version.`);
  }
  const ordered = [...steps].sort((left, right) => left.from - right.from);
  ordered.forEach(({ from }, index) => {
    if (ordered[index + 1]?.from === from) refuse(`two migrations start from version ${from}. Remove one.`);
  });
  return ordered;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
