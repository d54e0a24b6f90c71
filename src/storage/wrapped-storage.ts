import type { OwnerIndex, SessionStorage } from './session-storage.js';

const CAPABILITIES = ['create', 'replace', 'touch', 'readMany', 'sweep', 'ping', 'inspect', 'close'] as const;

export type Capability = (typeof CAPABILITIES)[number];

export type StorageOperation = 'read' | 'write' | 'invalidate' | Capability | keyof OwnerIndex;

const OF_ONE_SESSION: ReadonlySet<Capability> = new Set(['create', 'replace', 'touch']);

export type AroundCall = <T>(operation: StorageOperation, call: () => Promise<T>, id?: string) => Promise<T>;

export const passOn: AroundCall = (_operation, call) => call();

export type StorageOverrides = Partial<Omit<SessionStorage, 'owners'>> & { readonly owners?: Partial<OwnerIndex> };

/** The only list of operations, so no wrapper loses one. */
export function wrappedCapabilities(
  storage: SessionStorage,
  around: AroundCall,
  overrides: StorageOverrides = {},
): Partial<SessionStorage> {
  const wrapped: Record<string, unknown> = {};
  for (const name of CAPABILITIES) {
    if (typeof storage[name] !== 'function') continue;
    const hasId = OF_ONE_SESSION.has(name);
    wrapped[name] =
      overrides[name] ??
      ((...args: never[]) => around(name, () => callOf(storage, name)(...args), hasId ? args[0] : undefined));
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

/** Runs each call through `around`, except those in `overrides`. */
export function wrappedStorage(
  storage: SessionStorage,
  around: AroundCall,
  overrides: StorageOverrides = {},
): SessionStorage {
  return {
    read: overrides.read ?? ((id) => around('read', () => storage.read(id), id)),
    write: overrides.write ?? ((id, session) => around('write', () => storage.write(id, session), id)),
    invalidate: overrides.invalidate ?? ((id) => around('invalidate', () => storage.invalidate(id), id)),
    ...wrappedCapabilities(storage, around, overrides),
  };
}

// Looked up per call, for spies.
function callOf(storage: SessionStorage, name: Capability): (...args: never[]) => Promise<never> {
  return (storage[name] as (...args: never[]) => Promise<never>).bind(storage);
}
