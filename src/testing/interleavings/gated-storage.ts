import type { GuardableSessionStorage } from '../../storage/session-storage-guarded.js';

/** Lets a call through when it likes. */
export type Gate = <T>(name: string, call: () => Promise<T>) => Promise<T>;

/** `storage` with a gate before every call. Has what `storage` has. */
export function gatedStorage(storage: GuardableSessionStorage, gate: Gate): GuardableSessionStorage {
  const { owners } = storage;
  return {
    read: (id) => gate('read', () => storage.read(id)),
    write: (id, session) => gate('write', () => storage.write(id, session)),
    invalidate: (id) => gate('invalidate', () => storage.invalidate(id)),
    ...(storage.replace && {
      replace: (id, session, version) => gate('replace', () => storage.replace!(id, session, version)),
    }),
    ...(storage.touch && {
      touch: (id, expiresAt, version) => gate('touch', () => storage.touch!(id, expiresAt, version)),
    }),
    ...(owners && {
      owners: {
        list: (owner) => gate('list', () => owners.list(owner)),
        invalidateAll: (owner, except) => gate('invalidateAll', () => owners.invalidateAll(owner, except)),
      },
    }),
    ...(storage.readMany && { readMany: (ids) => gate('readMany', () => storage.readMany!(ids)) }),
    ...(storage.sweep && { sweep: (limit) => gate('sweep', () => storage.sweep!(limit)) }),
    ...(storage.ping && { ping: () => gate('ping', () => storage.ping!()) }),
    ...(storage.close && { close: () => gate('close', () => storage.close!()) }),
  };
}
