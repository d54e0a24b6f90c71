import { mkdir, open, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nameOf } from './directory-files.js';
import { hasCode } from '../errors/error-kind.js';

const LEFT_OVER_AFTER_IN_MILLISECONDS = 60_000;

/** One empty file per session, created before it and removed after it. */
export class DirectoryOwnerFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = join(root, 'owners');
  }

  async add(owner: string, id: string): Promise<void> {
    const path = this.#entryOf(owner, nameOf(id));
    for (;;) {
      try {
        await (await open(path, 'w', 0o600)).close();
        return;
      } catch (error) {
        if (!hasCode(error, 'ENOENT')) throw error;
      }
      // Another process may have removed the empty directory: retry.
      await mkdir(dirname(path), { mode: 0o700, recursive: true });
    }
  }

  async remove(owner: string, id: string): Promise<void> {
    await this.#removeEntry(owner, nameOf(id));
  }

  async names(owner: string): Promise<string[]> {
    try {
      return await readdir(this.#directoryOf(owner));
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    }
  }

  async forgetLeftOver(owner: string, name: string): Promise<void> {
    try {
      const { mtimeMs } = await stat(this.#entryOf(owner, name));
      if (Date.now() - mtimeMs > LEFT_OVER_AFTER_IN_MILLISECONDS) await this.#removeEntry(owner, name);
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
  }

  async #removeEntry(owner: string, name: string): Promise<void> {
    await rm(this.#entryOf(owner, name), { force: true });
    try {
      await rmdir(this.#directoryOf(owner));
    } catch (error) {
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT', 'EPERM', 'EBUSY')) throw error;
    }
  }

  #entryOf(owner: string, name: string): string {
    return join(this.#directoryOf(owner), name);
  }

  #directoryOf(owner: string): string {
    const name = nameOf(owner);
    return join(this.#root, name.slice(0, 2), name.slice(2));
  }
}
