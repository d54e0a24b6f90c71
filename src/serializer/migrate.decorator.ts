import { SessionConfigurationError } from '../errors/session.errors.js';

/** By stored name, decoded, without class instances. */
export type StoredFields = Record<string, unknown>;

export type MigrateFields = (fields: StoredFields) => StoredFields | void;

export interface SessionMigration {
  readonly from: number;
  readonly to: number;
  readonly migrate: MigrateFields;
}

// The package may be loaded twice.
const MIGRATIONS = Symbol.for('nestjs-sessions:migrations');

/**
 * Marks a static, synchronous method that upgrades stored fields in place, or returns new ones. Older sessions pass
 * through all steps.
 *
 * ```ts
 * @Migrate(1, 2) static splitName(old: StoredFields): void {
 *   old['firstName'] = String(old['name']).split(' ')[0];
 * }
 * ```
 */
export function Migrate(
  from: number,
  to: number,
): (type: object, method: string | symbol, descriptor: PropertyDescriptor) => void {
  return (type, method, descriptor) => {
    const step = descriptor?.value as MigrateFields | undefined;
    if (typeof type !== 'function' || typeof step !== 'function') {
      throw new SessionConfigurationError(
        `@Migrate(${from}, ${to}): ${String(method)} is not a static method. Use it on a static method of the session class.`,
      );
    }
    const migrate: MigrateFields = (fields) => step.call(type, fields);
    const value = [...migrationsOf(type), { from, to, migrate }];
    Object.defineProperty(type, MIGRATIONS, { value, configurable: true });
  };
}

export function migrationsOf(type: object): readonly SessionMigration[] {
  return (type as { [MIGRATIONS]?: readonly SessionMigration[] })[MIGRATIONS] ?? [];
}
