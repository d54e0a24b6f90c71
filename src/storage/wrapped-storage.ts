import type { OwnerIndex, SessionStorage } from './session-storage.js';

/** Every operation of a storage that is not part of {@link SessionStorage}'s three verbs. */
const CAPABILITIES = ['create', 'replace', 'touch', 'readMany', 'sweep', 'ping', 'inspect', 'close'] as const;

/** The name of a capability of a storage. */
export type Capability = (typeof CAPABILITIES)[number];

/** The name of an operation of a storage or of its owner index. */
export type StorageOperation = 'read' | 'write' | 'invalidate' | Capability | keyof OwnerIndex;

/** Runs one call of the wrapped storage, with whatever the wrapper does around it. */
export type AroundCall = <T>(operation: StorageOperation, call: () => Promise<T>) => Promise<T>;

/** The {@link AroundCall} of a wrapper that does nothing around a call. */
export const passOn: AroundCall = (_operation, call) => call();

/** Members that a wrapper implements itself, where the wrapped storage has them. */
export type StorageOverrides = Partial<Omit<SessionStorage, 'owners'>> & { readonly owners?: Partial<OwnerIndex> };

/**
 * The capabilities of `storage` for a wrapper: each one that `storage` has, and no other, called through `around` unless
 * overridden. This is the one list of operations; a wrapper that is built on it loses none.
 */
export function wrappedCapabilities(
  storage: SessionStorage,
  around: AroundCall,
  overrides: StorageOverrides = {},
): Partial<SessionStorage> {
  const wrapped: Record<string, unknown> = {};
  for (const name of CAPABILITIES) {
    if (typeof storage[name] !== 'function') continue;
    wrapped[name] = overrides[name] ?? ((...args: never[]) => around(name, () => callOf(storage, name)(...args)));
  }
  if (storage.watchEvictions) wrapped['watchEvictions'] = storage.watchEvictions.bind(storage);
  if (storage.ownsClient) wrapped['ownsClient'] = true;
  const { owners } = storage;
  if (owners) {
    wrapped['owners'] = {
      list: (owner) => around('list', () => owners.list(owner)),
      invalidateAll: (owner, except) => around('invalidateAll', () => owners.invalidateAll(owner, except)),
      ...overrides.owners,
    } satisfies OwnerIndex;
  }
  return wrapped;
}

/** A storage that passes every call of `storage` through `around`, the three verbs included. */
export function wrappedStorage(
  storage: SessionStorage,
  around: AroundCall,
  overrides: StorageOverrides = {},
): SessionStorage {
  return {
    read: overrides.read ?? ((id) => around('read', () => storage.read(id))),
    write: overrides.write ?? ((id, session) => around('write', () => storage.write(id, session))),
    invalidate: overrides.invalidate ?? ((id) => around('invalidate', () => storage.invalidate(id))),
    ...wrappedCapabilities(storage, around, overrides),
  };
}

// Looked up at each call: a method may be replaced later, by a spy for one.
function callOf(storage: SessionStorage, name: Capability): (...args: never[]) => Promise<never> {
  return (storage[name] as (...args: never[]) => Promise<never>).bind(storage);
}
