import { SessionConfigurationError } from '../errors/session.errors.js';
import type { MigrateFields, SessionMigration } from './session-migration-step.js';

// A symbol of the global registry: the package may be loaded twice, as ES module and as CommonJS.
const MIGRATIONS = Symbol.for('nestjs-sessions:migrations');

/**
 * Marks a static method of a session class as the step from one version of the class to a newer one. It gets the fields
 * of a stored session by their stored names, decoded (plain objects, Date, Map, Set), and changes them in place or
 * returns new ones. Synchronous. A session of an older version goes through all steps from its own on.
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
        `@Migrate(${from}, ${to}) belongs to a static method of the session class, and ${String(method)} is none.`,
      );
    }
    const migrate: MigrateFields = (fields) => step.call(type, fields);
    const value = [...migrationsOf(type), { from, to, migrate }];
    Object.defineProperty(type, MIGRATIONS, { value, configurable: true });
  };
}

/** The steps of a class, inherited ones included. */
export function migrationsOf(type: object): readonly SessionMigration[] {
  return (type as { [MIGRATIONS]?: readonly SessionMigration[] })[MIGRATIONS] ?? [];
}
