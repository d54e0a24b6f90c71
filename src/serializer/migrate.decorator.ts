import { SessionConfigurationError } from '../errors/session.errors.js';
import type { MigrateFields, SessionMigration } from './session-migration-step.js';

// Symbol.for: Jest, bundlers or two versions may load the package twice.
const MIGRATIONS = Symbol.for('nestjs-sessions:migrations');

/**
 * Marks a static method that upgrades stored sessions from version `from` of the class to version `to`. It changes the
 * decoded fields, by stored name, in place or returns new ones. Synchronous. Older sessions pass through all steps.
 *
 * @example
 * ```ts
 * @Session('user', { version: 2 })
 * class UserSession {
 *   firstName = '';
 *   @Migrate(1, 2) static splitName(old: StoredFields): void {
 *     old['firstName'] = String(old['name']).split(' ')[0];
 *   }
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
