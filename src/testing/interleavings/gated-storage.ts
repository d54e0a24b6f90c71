import type { SessionStorage } from '../../storage/session-storage.js';
import { wrappedStorage } from '../../storage/wrapped-storage.js';

export type Gate = <T>(name: string, call: () => Promise<T>) => Promise<T>;

export function gatedStorage(storage: SessionStorage, gate: Gate): SessionStorage {
  return wrappedStorage(storage, gate);
}
