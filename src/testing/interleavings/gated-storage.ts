import type { SessionStorage } from '../../storage/session-storage.js';
import { wrappedStorage } from '../../storage/wrapped-storage.js';

/** @param id the session, for an operation of one session. */
export type Gate = <T>(name: string, call: () => Promise<T>, id?: string) => Promise<T>;

export function gatedStorage(storage: SessionStorage, gate: Gate): SessionStorage {
  return wrappedStorage(storage, gate);
}
