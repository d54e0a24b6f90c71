import type { SessionStorage } from '../../storage/session-storage.js';
import { wrappedStorage } from '../../storage/wrapped-storage.js';

/** Lets a call through when it likes. @param id the session that the call is about, where it is about one only. */
export type Gate = <T>(name: string, call: () => Promise<T>, id?: string) => Promise<T>;

const OF_ONE_SESSION = ['read', 'write', 'invalidate', 'create', 'replace', 'touch'] as const;

export function gatedStorage(storage: SessionStorage, gate: Gate): SessionStorage {
  const gated: Record<string, unknown> = {};
  for (const name of OF_ONE_SESSION) {
    if (typeof storage[name] !== 'function') continue;
    gated[name] = (id: string, ...rest: never[]) =>
      gate(name, () => (storage[name] as (...args: unknown[]) => Promise<unknown>).call(storage, id, ...rest), id);
  }
  return wrappedStorage(storage, gate, gated);
}
