import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DirectoryRecord } from './directory-record.js';
import { hasCode } from '../errors/error-kind.js';

type RemoveIf = (path: string, isDue: (record: DirectoryRecord | undefined) => boolean) => Promise<string>;

const GRACE_IN_MILLISECONDS = 60_000;
const PERIOD_IN_MILLISECONDS = 3_600_000;
const LEFT_OVER_AFTER_IN_MILLISECONDS = 600_000;

export class DirectorySweep {
  readonly #root: string;
  readonly #now: () => number;
  readonly #removeIf: RemoveIf;
  readonly #nextAt = new Map<string, number>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #start: number;

  constructor(root: string, now: () => number, removeIf: RemoveIf) {
    this.#root = root;
    this.#now = now;
    this.#removeIf = removeIf;
    this.#start = now();
  }

  async run(limit: number): Promise<number> {
    let removed = 0;
    for (const part of await namesIn(this.#root)) {
      if (removed >= limit) break;
      if (/^[0-9a-f]{2}$/.test(part)) removed += await this.#sweepPart(part, limit - removed);
    }
    return removed;
  }

  runIfDue(name: string): void {
    const part = name.slice(0, 2);
    // Spread over the first hour, so that short-lived processes sweep too.
    const dueAt = this.#nextAt.get(part) ?? this.#start + Math.random() * PERIOD_IN_MILLISECONDS;
    this.#nextAt.set(part, dueAt > this.#now() ? dueAt : this.#now() + PERIOD_IN_MILLISECONDS);
    if (dueAt > this.#now()) return;
    const sweeping = this.#sweepPart(part, Number.POSITIVE_INFINITY).catch(() => undefined);
    this.#running.add(sweeping);
    void sweeping.finally(() => this.#running.delete(sweeping));
  }

  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #sweepPart(part: string, limit: number): Promise<number> {
    let removed = 0;
    for (const name of await namesIn(join(this.#root, part))) {
      if (removed >= limit) break;
      const path = join(this.#root, part, name);
      const modifiedAt = await modificationOf(path);
      if (modifiedAt === undefined) continue;
      if (/^[0-9a-f]{62}$/.test(name)) {
        if (modifiedAt <= this.#now() - GRACE_IN_MILLISECONDS && (await this.#removeExpired(path))) removed++;
      } else if (/\.(?:tmp|lock)$/.test(name) && Date.now() - modifiedAt > LEFT_OVER_AFTER_IN_MILLISECONDS) {
        await rm(path, { force: true, recursive: true });
      }
    }
    return removed;
  }

  async #removeExpired(path: string): Promise<boolean> {
    // Under the lock: the clock may have been set back.
    const isDue = (record?: DirectoryRecord): boolean =>
      !record || record.session.expiresAt <= this.#now() - GRACE_IN_MILLISECONDS;
    const outcome = await this.#removeIf(path, isDue);
    return outcome === 'dead';
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

async function modificationOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
