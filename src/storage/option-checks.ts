import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionStorage } from './session-storage.js';

export function isStorage(candidate: unknown): candidate is SessionStorage {
  const { read, write, invalidate } = (candidate ?? {}) as Partial<SessionStorage>;
  return [read, write, invalidate].every((verb) => typeof verb === 'function');
}

export function assertStorage(place: string, candidate: unknown): void {
  if (isStorage(candidate)) return;
  throw new SessionConfigurationError(
    `${place} needs a storage with read, write and invalidate. Pass a ` +
      'SessionStorage, such as new SessionStorageMemory().',
  );
}

/**
 * The string `'false'` is truthy.
 * @throws {SessionConfigurationError}
 */
export function assertBoolean(option: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw new SessionConfigurationError(`${option} must be true or false, not a ${typeof value}.`);
}
