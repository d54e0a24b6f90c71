import type { OwnerIndex, SessionStorage } from './session-storage.js';

/** Operations of a storage besides `read`, `write` and `invalidate`. */
const CAPABILITIES = ['create', 'replace', 'touch', 'readMany', 'sweep', 'ping', 'inspect', 'close'] as const;

/** Name of a capability method. */
export type Capability = (typeof CAPABILITIES)[number];

/** Name of an operation of a storage or its owner index. */
export type StorageOperation = 'read' | 'write' | 'invalidate' | Capability | keyof OwnerIndex;

/** Runs one call of the wrapped storage, with the wrapper's code around it. */
export type AroundCall = <T>(operation: StorageOperation, call: () => Promise<T>) => Promise<T>;

/** The {@link AroundCall} that only calls. */
export const passOn: AroundCall = (_operation, call) => call();

/** Members that a wrapper implements itself, if the wrapped storage has them. */
export type StorageOverrides = Partial<Omit<SessionStorage, 'owners'>> & { readonly owners?: Partial<OwnerIndex> };

/**
 * The capabilities of `storage` for a wrapper: exactly those that `storage` has, called through `around` unless
 * overridden. The only list of operations, so that no wrapper loses one.
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
  if (storage.nodeOf) wrapped['nodeOf'] = storage.nodeOf.bind(storage);
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

/** A storage that passes every call of `storage` through `around`. */
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

// Looked up per call: a method may be replaced later, such as by a spy.
function callOf(storage: SessionStorage, name: Capability): (...args: never[]) => Promise<never> {
  return (storage[name] as (...args: never[]) => Promise<never>).bind(storage);
}
