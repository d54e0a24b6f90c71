import { assertStorage } from './option-checks.js';
import {
  NEVER,
  type OwnerIndex,
  type ReplaceResult,
  type SessionStorage,
  type SessionToStore,
  type StoredSession,
  type TouchableStorage,
} from './session-storage.js';

/**
 * Migrates between storages without signing users out. New sessions are written to `to`; those in `from` stay there
 * until they end or rotate. Remove `from` after the absolute timeout (default 30 days). With several servers, first
 * deploy all with both swapped.
 */
export class SessionStorageMigrating implements SessionStorage {
  declare readonly create?: NonNullable<SessionStorage['create']>;
  declare readonly readMany?: NonNullable<SessionStorage['readMany']>;
  declare readonly replace?: NonNullable<SessionStorage['replace']>;
  declare readonly touch?: NonNullable<SessionStorage['touch']>;
  declare readonly owners?: OwnerIndex;
  declare readonly sweep?: NonNullable<SessionStorage['sweep']>;
  declare readonly ping?: NonNullable<SessionStorage['ping']>;
  declare readonly inspect?: NonNullable<SessionStorage['inspect']>;
  declare readonly close?: NonNullable<SessionStorage['close']>;
  declare readonly ownsClient?: boolean;
  readonly #to: SessionStorage;
  readonly #from: SessionStorage;

  constructor(to: SessionStorage, from: SessionStorage) {
    assertStorage('A move', to);
    assertStorage('A move', from);
    this.#to = to;
    this.#from = from;
    Object.assign(this, this.#capabilities());
  }

  async read(id: string): Promise<StoredSession | undefined> {
    return (await this.#to.read(id)) ?? (await this.#from.read(id));
  }

  async write(id: string, session: SessionToStore): Promise<string | void> {
    return this.#to.write(id, session);
  }

  async invalidate(id: string): Promise<boolean | void> {
    const ended = await runBoth(
      () => this.#from.invalidate(id),
      () => this.#to.invalidate(id),
    );
    if (ended[0] === true && ended[1] === false) await this.#writeTombstone(id);
    return ended.includes(true) ? true : ended.includes(undefined) ? undefined : false;
  }

  /** New sessions are created in `to`. */
  async #writeTombstone(id: string): Promise<void> {
    await this.#to.create?.(id, { value: '', expiresAt: NEVER });
    await this.#to.invalidate(id);
  }

  #capabilities(): Partial<SessionStorage> {
    const [to, from] = [this.#to, this.#from];
    const either = (name: keyof SessionStorage): boolean => to[name] !== undefined || from[name] !== undefined;
    return {
      ...(to.create && from.create && { create: (id, session) => this.#create(id, session) }),
      ...(to.readMany && from.readMany && { readMany: (ids) => this.#readMany(ids) }),
      ...(to.replace && from.replace && { replace: (id, session, version) => this.#replace(id, session, version) }),
      ...(to.touch && from.touch && { touch: (...call) => this.#touch(...call) }),
      ...(to.owners && from.owners && { owners: this.#bothOwners(to.owners, from.owners) }),
      ...(either('sweep') && { sweep: (limit) => this.#sweep(limit) }),
      ...(either('ping') && { ping: () => this.#inBoth((storage) => storage.ping?.()) }),
      ...(either('inspect') && { inspect: () => this.#inspect() }),
      ...((to.ownsClient || from.ownsClient) && { ownsClient: true }),
      ...(either('close') && { close: () => this.#inBoth((storage) => storage.close?.()) }),
    };
  }

  async #replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    const result = await this.#to.replace!(id, session, version);
    return result.status === 'gone' ? this.#from.replace!(id, session, version) : result;
  }

  async #create(id: string, session: SessionToStore): Promise<string | undefined> {
    if (await this.#from.read(id)) return undefined;
    return this.#to.create!(id, session);
  }

  async #readMany(ids: readonly string[]): Promise<ReadonlyArray<StoredSession | undefined>> {
    const found = await this.#to.readMany!(ids);
    const missing = ids.filter((_id, index) => !found[index]);
    if (missing.length === 0) return found;
    const older = await this.#from.readMany!(missing);
    return ids.map((id, index) => found[index] ?? older[missing.indexOf(id)]);
  }

  async #touch(...call: Parameters<TouchableStorage['touch']>): Promise<boolean> {
    return (await this.#to.touch!(...call)) || this.#from.touch!(...call);
  }

  #bothOwners(to: OwnerIndex, from: OwnerIndex): OwnerIndex {
    return {
      list: async (owner) => [...(await from.list(owner)), ...(await to.list(owner))],
      // Rotations move sessions from `from` to `to`.
      invalidateAll: async (owner, except) => {
        const moved = (await from.list(owner)).map(({ id }) => id).filter((id) => id !== except);
        const ended = await runBoth(
          () => from.invalidateAll(owner, except),
          () => to.invalidateAll(owner, except),
        );
        for (const id of moved) await this.#writeTombstone(id);
        return ended[0] + ended[1];
      },
    };
  }

  async #sweep(limit = Number.POSITIVE_INFINITY): Promise<number> {
    const removed = (await this.#from.sweep?.(limit)) ?? 0;
    if (removed >= limit) return removed;
    return removed + ((await this.#to.sweep?.(limit - removed)) ?? 0);
  }

  async #inspect(): Promise<readonly string[]> {
    const asked = [this.#to, this.#from].map(async (storage) => (await storage.inspect?.()) ?? []);
    return (await Promise.allSettled(asked)).flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  }

  async #inBoth(call: (storage: SessionStorage) => Promise<void> | undefined): Promise<void> {
    await runBoth(
      async () => call(this.#from),
      async () => call(this.#to),
    );
  }
}

async function runBoth<T>(first: () => Promise<T>, second: () => Promise<T>): Promise<[T, T]> {
  let result: T;
  try {
    result = await first();
  } catch (error) {
    await second();
    throw error;
  }
  return [result, await second()];
}

export function migratingSessionStorage(to: SessionStorage, from: SessionStorage): SessionStorageMigrating {
  return new SessionStorageMigrating(to, from);
}
