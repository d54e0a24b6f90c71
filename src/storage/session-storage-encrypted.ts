import type { KeyMaterial } from '../keys/key-material.js';
import { KeyRing } from '../keys/key-ring.js';
import { assertStorage } from './option-checks.js';
import { RecordCipher } from './record-cipher.js';
import type { OwnerIndex, ReplaceResult, SessionStorage, SessionToStore, StoredSession } from './session-storage.js';
import { passOn, wrappedCapabilities, type StorageOverrides } from './wrapped-storage.js';

/**
 * Encrypts the text of sessions in another storage; owners and expiries stay readable. A text that was modified or
 * moved to another id or owner reads as absent; an older text of the same id does not.
 */
export class SessionStorageEncrypted implements SessionStorage {
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
  readonly #storage: SessionStorage;
  readonly #cipher: RecordCipher;

  constructor(storage: SessionStorage, keys: KeyRing) {
    assertStorage('An encrypted storage', storage);
    this.#storage = storage;
    this.#cipher = new RecordCipher(keys);
    const { owners } = storage;
    const overrides: StorageOverrides = {
      create: (id, session) => this.#create(id, session),
      replace: (id, session, version) => this.#replace(id, session, version),
      readMany: (ids) => this.#readMany(ids),
      ...(owners ? { owners: { list: (owner) => this.#list(owners, owner) } } : {}),
    };
    Object.assign(this, wrappedCapabilities(storage, passOn, overrides));
  }

  async read(id: string): Promise<StoredSession | undefined> {
    const stored = await this.#storage.read(id);
    return stored && this.#opened(id, stored);
  }

  async write(id: string, session: SessionToStore): Promise<string | void> {
    return this.#storage.write(id, this.#sealed(id, session));
  }

  async invalidate(id: string): Promise<boolean | void> {
    return this.#storage.invalidate(id);
  }

  async #create(id: string, session: SessionToStore): Promise<string | undefined> {
    return this.#storage.create!(id, this.#sealed(id, session));
  }

  async #readMany(ids: readonly string[]): Promise<ReadonlyArray<StoredSession | undefined>> {
    const stored = await this.#storage.readMany!(ids);
    return ids.map((id, index) => {
      const session = stored[index];
      return session && this.#opened(id, session);
    });
  }

  async #replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    const result = await this.#storage.replace!(id, this.#sealed(id, session), version);
    if (result.status !== 'conflict') return result;
    const current = this.#opened(id, result.current);
    return current ? { status: 'conflict', current } : { status: 'gone' };
  }

  async #list(
    owners: OwnerIndex,
    owner: string,
  ): Promise<Array<{ readonly id: string; readonly session: StoredSession }>> {
    const listed = await owners.list(owner);
    return listed.flatMap(({ id, session }) => {
      const opened = this.#opened(id, session);
      return opened ? [{ id, session: opened }] : [];
    });
  }

  #sealed(id: string, session: SessionToStore): SessionToStore {
    return { ...session, value: this.#cipher.seal(id, session.value, session.owner) };
  }

  #opened(id: string, stored: StoredSession): StoredSession | undefined {
    const value = this.#cipher.open(id, stored.value, stored.owner);
    return value === undefined ? undefined : { ...stored, value };
  }
}

/**
 * @param options.keys as in `forRoot({ keys })`.
 * @throws {SessionConfigurationError} for an invalid storage or key.
 */
export function encryptedSessionStorage(
  storage: SessionStorage,
  options: { readonly keys: KeyRing | KeyMaterial | undefined | readonly (KeyMaterial | undefined)[] },
): SessionStorageEncrypted {
  const keys = options?.keys;
  return new SessionStorageEncrypted(storage, keys instanceof KeyRing ? keys : new KeyRing(keys));
}
