import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionStorage } from './session-storage.js';

export function isStorage(candidate: unknown): candidate is SessionStorage {
  const { read, write, invalidate } = (candidate ?? {}) as Partial<SessionStorage>;
  return [read, write, invalidate].every((verb) => typeof verb === 'function');
}

/** @throws {SessionConfigurationError} if it is not a storage. */
export function assertStorage(place: string, candidate: unknown): void {
  if (isStorage(candidate)) return;
  throw new SessionConfigurationError(
    `${place} needs a storage with read, write and invalidate. Pass a ` +
      'SessionStorage, such as new SessionStorageMemory().',
  );
}

/** @throws {SessionConfigurationError} if neither boolean nor `undefined`; the string `'false'` is truthy. */
export function assertBoolean(option: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw new SessionConfigurationError(`${option} must be true or false, not a ${typeof value}.`);
}
