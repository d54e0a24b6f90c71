import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionStorage } from './session-storage.js';

/** Whether a value has the methods `read`, `write` and `invalidate`. */
export function isStorage(candidate: unknown): candidate is SessionStorage {
  const { read, write, invalidate } = (candidate ?? {}) as Partial<SessionStorage>;
  return [read, write, invalidate].every((verb) => typeof verb === 'function');
}

/** @throws {SessionConfigurationError} if a wrapper did not get a storage. */
export function assertStorage(place: string, candidate: unknown): void {
  if (isStorage(candidate)) return;
  throw new SessionConfigurationError(
    `${place} goes around another storage, and what it was given has no read, write and invalidate. Pass a ` +
      'SessionStorage, such as new SessionStorageMemory().',
  );
}

/**
 * @throws {SessionConfigurationError} if the value is not a boolean or `undefined`: the text `'false'` of an
 * environment variable is truthy.
 */
export function assertBoolean(option: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw new SessionConfigurationError(`${option} is true or false, and it is of type ${typeof value}.`);
}
