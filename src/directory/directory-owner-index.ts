import type { DirectoryOwnerFiles } from './directory-owner-files.js';
import type { DirectoryRecord } from './directory-record.js';
import type { OwnerIndex, StoredSession } from '../storage/session-storage.js';

/** What the index needs of the storage it belongs to. */
export interface DirectorySessions {
  /** Reads a session file by the name that it has after its id. */
  read(name: string): Promise<DirectoryRecord | undefined>;
  invalidate(id: string): Promise<boolean>;
  now(): number;
}

/** The sessions of an owner in a directory: its entries, as far as there is a live session for each. */
export class DirectoryOwnerIndex implements OwnerIndex {
  readonly #entries: DirectoryOwnerFiles;
  readonly #sessions: DirectorySessions;

  constructor(entries: DirectoryOwnerFiles, sessions: DirectorySessions) {
    this.#entries = entries;
    this.#sessions = sessions;
  }

  async list(owner: string): Promise<Array<{ readonly id: string; readonly session: StoredSession }>> {
    const names = await this.#entries.names(owner);
    const records = await Promise.all(names.map((name) => this.#read(owner, name)));
    const now = this.#sessions.now();
    return records.flatMap((record) =>
      record?.session.owner === owner && record.session.expiresAt > now
        ? [{ id: record.id, session: record.session }]
        : [],
    );
  }

  // Again until a pass finds nothing: a session that is being rotated adds its new id before the old one goes.
  async invalidateAll(owner: string, except?: string): Promise<number> {
    for (let ended = 0; ;) {
      const ids = (await this.list(owner)).map(({ id }) => id).filter((id) => id !== except);
      if (ids.length === 0) return ended;
      const results = await Promise.all(ids.map((id) => this.#sessions.invalidate(id)));
      ended += results.filter((wasLive) => wasLive).length;
    }
  }

  async #read(owner: string, name: string): Promise<DirectoryRecord | undefined> {
    const record = await this.#sessions.read(name);
    if (!record) await this.#entries.forgetLeftOver(owner, name);
    return record;
  }
}
