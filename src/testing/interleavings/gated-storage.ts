import type { SessionStorage } from '../../storage/session-storage.js';
import { wrappedStorage } from '../../storage/wrapped-storage.js';

/** Lets a call through when it likes. */
export type Gate = <T>(name: string, call: () => Promise<T>) => Promise<T>;

/** `storage` with a gate before every call. Has what `storage` has. */
export function gatedStorage(storage: SessionStorage, gate: Gate): SessionStorage {
  return wrappedStorage(storage, gate);
}
