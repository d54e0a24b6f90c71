import type { DirectoryOwnerFiles } from './directory-owner-files.js';
import type { DirectoryRecord } from './directory-record.js';
import { readListed } from '../storage/read-listed.js';
import type { OwnerIndex, StoredSession } from '../storage/session-storage.js';

export interface DirectorySessions {
  read(name: string): Promise<DirectoryRecord | undefined>;
  invalidate(id: string): Promise<boolean>;
  now(): number;
}

export class DirectoryOwnerIndex implements OwnerIndex {
  readonly #entries: DirectoryOwnerFiles;
  readonly #sessions: DirectorySessions;

  constructor(entries: DirectoryOwnerFiles, sessions: DirectorySessions) {
    this.#entries = entries;
    this.#sessions = sessions;
  }

  async list(owner: string): Promise<Array<{ readonly id: string; readonly session: StoredSession }>> {
    const found = await readListed(
      () => this.#entries.names(owner),
      (names) => Promise.all(names.map((name) => this.#read(owner, name))),
    );
    const now = this.#sessions.now();
    return [...found.values()].flatMap((record) =>
      record?.session.owner === owner && record.session.expiresAt > now
        ? [{ id: record.id, session: record.session }]
        : [],
    );
  }

  // A rotation adds the new id before it removes the old one.
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
