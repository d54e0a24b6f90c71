import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionStorage } from './session-storage.js';

/** Whether something has the three verbs of a storage. */
export function isStorage(candidate: unknown): candidate is SessionStorage {
  const { read, write, invalidate } = (candidate ?? {}) as Partial<SessionStorage>;
  return [read, write, invalidate].every((verb) => typeof verb === 'function');
}

/** Refuses what is no storage, as the one that another is put around. */
export function assertStorage(place: string, candidate: unknown): void {
  if (isStorage(candidate)) return;
  throw new SessionConfigurationError(
    `${place} goes around another storage, and what it was given has no read, write and invalidate. Pass a ` +
      'SessionStorage, such as new SessionStorageMemory().',
  );
}

/** Refuses what is neither `true`, `false` nor left out: the text `'false'` of an environment variable counts as true. */
export function assertBoolean(option: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw new SessionConfigurationError(`${option} is true or false, and it is of type ${typeof value}.`);
}
