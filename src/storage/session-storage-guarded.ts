import { hash, randomBytes } from 'node:crypto';
import { KeyedMutex } from './keyed-mutex.js';
import { assertStorage } from './option-checks.js';
import type {
  ConditionalStorage,
  OwnerIndex,
  ReplaceResult,
  SessionStorage,
  SessionToStore,
  StoredSession,
} from './session-storage.js';
import { readListed } from './read-listed.js';
import { decodeTextField, encodeTextField } from './text-field.js';

export type ConditionalSessionStorage = SessionStorage & ConditionalStorage;

export function isConditional(storage: SessionStorage): storage is ConditionalSessionStorage {
  return typeof storage.replace === 'function' && typeof storage.create === 'function';
}

export interface SessionStorageGuardedOptions {
  /** Maximum wait for another change of the same session. Default 5,000. */
  readonly lockTimeoutInMilliseconds?: number;
  /** Clock, epoch milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

const MARK_MARGIN_IN_MILLISECONDS = 600_000;
const ENDED = 'ended';

/**
 * Adds `create`, `replace` and `touch` to `read`, `write` and `invalidate`, completely within one process. **Between
 * processes** an ended session stays ended, by a mark under a second id; of two concurrent changes the later wins.
 *
 * Format: `g1|version|expiresAt|lifetime|owner|value`; other values are read unchanged. A mark expires after twice the
 * lifetime plus ten minutes.
 */
export class SessionStorageGuarded implements ConditionalSessionStorage {
  declare readonly owners?: OwnerIndex;
  declare readonly sweep?: (limit?: number) => Promise<number>;
  declare readonly ping?: () => Promise<void>;
  declare readonly inspect?: () => Promise<readonly string[]>;
  declare readonly close?: () => Promise<void>;
  readonly #storage: SessionStorage;
  readonly #mutex: KeyedMutex;
  readonly #now: () => number;

  /** @throws {SessionConfigurationError} for an invalid storage. */
  constructor(storage: SessionStorage, options: SessionStorageGuardedOptions = {}) {
    assertStorage('A guard', storage);
    this.#storage = storage;
    this.#mutex = new KeyedMutex(options.lockTimeoutInMilliseconds ?? 5000);
    this.#now = options.now ?? (() => Date.now());
    if (storage.owners) this.owners = this.#guardedOwners(storage.owners);
    if (storage.sweep) this.sweep = (limit) => storage.sweep!(limit);
    if (storage.ping) this.ping = () => storage.ping!();
    if (storage.inspect) this.inspect = () => storage.inspect!();
    if (storage.close) this.close = () => storage.close!();
  }

  async read(id: string): Promise<StoredSession | undefined> {
    return (await this.#find(id))?.session;
  }

  async write(id: string, session: SessionToStore): Promise<string> {
    const ended = endedId(id);
    return this.#mutex.run(id, async () => {
      if (await this.#storage.read(ended)) await this.#storage.invalidate(ended);
      const version = newVersion();
      await this.#put(id, session, version, session.expiresAt - this.#now());
      return version;
    });
  }

  async create(id: string, session: SessionToStore): Promise<string | undefined> {
    return this.#mutex.run(id, async () => {
      if (await this.#isTaken(id)) return undefined;
      const version = newVersion();
      await this.#put(id, session, version, session.expiresAt - this.#now());
      return version;
    });
  }

  async invalidate(id: string): Promise<boolean> {
    return this.#mutex.run(id, async () => {
      const found = await this.#find(id);
      // No concurrent change can have read it, or its end is already marked.
      if (!found) {
        await this.#storage.invalidate(id);
        return false;
      }
      const expiresAt =
        this.#now() + 2 * Math.max(found.lifetime, found.session.expiresAt - this.#now()) + MARK_MARGIN_IN_MILLISECONDS;
      await this.#storage.write(endedId(id), { value: ENDED, expiresAt, latestExpiry: expiresAt });
      await this.#storage.invalidate(id);
      return true;
    });
  }

  async replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    return this.#mutex.run(id, async () => {
      const found = await this.#find(id);
      if (!found) return { status: 'gone' };
      if (version !== undefined && version !== found.session.version) {
        return { status: 'conflict', current: found.session };
      }
      const next = newVersion();
      const { owner } = found.session;
      const lifetime = Math.max(found.lifetime, session.expiresAt - this.#now());
      await this.#put(id, owner === undefined ? session : { ...session, owner }, next, lifetime);
      return { status: 'replaced', version: next };
    });
  }

  async touch(id: string, expiresAt: number, version?: string): Promise<boolean> {
    return this.#mutex.run(id, async () => {
      const found = await this.#find(id);
      if (!found || (version !== undefined && version !== found.session.version)) return false;
      if (expiresAt > found.session.expiresAt) {
        const lifetime = Math.max(found.lifetime, expiresAt - this.#now());
        await this.#put(id, { ...found.session, expiresAt }, found.session.version!, lifetime);
      }
      return true;
    });
  }

  async #isTaken(id: string): Promise<boolean> {
    const [stored, ended] = await this.#readBoth(id);
    return ended !== undefined || (stored !== undefined && open(stored).session.expiresAt > this.#now());
  }

  async #readBoth(id: string): Promise<ReadonlyArray<StoredSession | undefined>> {
    const ids = [id, endedId(id)] as const;
    if (this.#storage.readMany) return this.#storage.readMany(ids);
    return Promise.all([this.#storage.read(ids[0]), this.#storage.read(ids[1])]);
  }

  async #find(id: string): Promise<Found | undefined> {
    const [stored, ended] = await this.#readBoth(id);
    if (stored === undefined || ended !== undefined) return undefined;
    const found = open(stored);
    return found.session.expiresAt > this.#now() ? found : undefined;
  }

  async #put(id: string, session: SessionToStore, version: string, lifetime: number): Promise<void> {
    const { expiresAt, latestExpiry, owner } = session;
    await this.#storage.write(id, {
      value: `g1|${version}|${expiresAt}|${Math.max(0, lifetime)}|${encodeTextField(owner)}|${session.value}`,
      expiresAt,
      ...(latestExpiry === undefined ? {} : { latestExpiry }),
      ...(owner === undefined ? {} : { owner }),
    });
  }

  #guardedOwners(owners: OwnerIndex): OwnerIndex {
    const list: OwnerIndex['list'] = async (owner) => {
      const found = await readListed(
        async () => (await owners.list(owner)).map(({ id }) => id),
        (ids) => Promise.all(ids.map((id) => this.read(id))),
      );
      return [...found].flatMap(([id, session]) => (session?.owner === owner ? [{ id, session }] : []));
    };
    return {
      list,
      // Each end needs a mark. Repeats, because a session may be rotating.
      invalidateAll: async (owner, except) => {
        let ended = 0;
        for (;;) {
          const ids = (await list(owner)).map(({ id }) => id).filter((id) => id !== except);
          if (ids.length === 0) return ended;
          for (const id of ids) if (await this.invalidate(id)) ended++;
        }
      },
    };
  }
}

interface Found {
  readonly session: StoredSession;
  readonly lifetime: number;
}

const HEAD = /^g1\|([A-Za-z0-9_-]{1,32})\|(-?[0-9]{1,16})\|([0-9]{1,16})\|(-|=[^|]*)\|/;

function open(stored: StoredSession): Found {
  const head = HEAD.exec(stored.value);
  if (!head) return { session: { ...stored, version: stored.version ?? '0' }, lifetime: 0 };
  const session = {
    value: stored.value.slice(head[0].length),
    expiresAt: Number(head[2]),
    version: head[1]!,
  };
  const owner = decodeTextField(head[4]!);
  return { session: owner === undefined ? session : { ...session, owner }, lifetime: Number(head[3]) };
}

function endedId(id: string): string {
  return hash('sha256', `ended ${id}`, 'base64url');
}

function newVersion(): string {
  return randomBytes(9).toString('base64url');
}
