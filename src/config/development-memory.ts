import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { SessionStorageMemory } from '../memory/session-storage-memory.js';
import type { OwnerIndex, SessionToStore } from '../storage/session-storage.js';
import type { DevelopmentCache } from './development-cache.js';

const FILE = 'memory';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Short, because watch mode may kill the process. */
const WRITE_DELAY_IN_MILLISECONDS = 50;
const MAX_SESSIONS = 1000;
const CHANGING = ['write', 'create', 'replace', 'touch', 'invalidate'];

export const DEVELOPMENT_WARNING =
  'No keys or no storage are configured. In development, keys and sessions in memory survive a restart, in ' +
  'node_modules/.cache/nestjs-sessions. For permanent keys, pass SessionsModule.forRoot({ keys: ' +
  '[process.env.SESSION_KEY] }) and generate one with ' +
  `node -e "console.log(require('node:crypto').randomBytes(32).toString('base64url'))"`;

type SavedSession = SessionToStore & { readonly id: string };

/** Memory storage that keeps its sessions in an encrypted file, for restarts in development. */
export class DevelopmentMemory extends SessionStorageMemory {
  readonly #cache: DevelopmentCache;
  readonly #key: Buffer;
  readonly #ids = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(cache: DevelopmentCache, key: string) {
    super();
    this.#cache = cache;
    this.#key = Buffer.from(hkdfSync('sha256', key, '', 'nestjs-sessions development memory', 32));
    for (const verb of CHANGING) this.#watch(verb);
    Object.defineProperty(this, 'owners', { value: this.#watchedOwners(this.owners) });
    for (const { id, ...session } of this.#restored()) void this.write(id, session);
  }

  override async close(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#closed) await this.#save();
    this.#closed = true;
    await super.close();
  }

  #watch(verb: string): void {
    const original: unknown = (this as unknown as Record<string, unknown>)[verb];
    if (typeof original !== 'function') return;
    const watched = async (id: string, ...rest: unknown[]): Promise<unknown> => {
      const result: unknown = await Reflect.apply(original, this, [id, ...rest]);
      this.#ids.delete(id);
      this.#ids.add(id);
      this.#changed();
      return result;
    };
    Object.defineProperty(this, verb, { value: watched });
  }

  #changed(): void {
    if (this.#closed || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#save();
    }, WRITE_DELAY_IN_MILLISECONDS).unref();
  }

  #watchedOwners(owners: OwnerIndex): OwnerIndex {
    return {
      list: (owner) => owners.list(owner),
      invalidateAll: async (owner, except) => {
        const ended = await owners.invalidateAll(owner, except);
        this.#changed();
        return ended;
      },
    };
  }

  async #save(): Promise<void> {
    const sessions: SavedSession[] = [];
    for (const id of [...this.#ids].slice(-MAX_SESSIONS)) {
      const session = await this.read(id);
      if (!session) this.#ids.delete(id);
      else sessions.push({ id, ...session });
    }
    // The storage may have been closed during the reads.
    if (!this.#closed) this.#cache.write(FILE, this.#seal(JSON.stringify(sessions)));
  }

  #restored(): readonly SavedSession[] {
    const sealed = this.#cache.read(FILE);
    if (!sealed) return [];
    try {
      return JSON.parse(this.#open(sealed)) as SavedSession[];
    } catch {
      return [];
    }
  }

  #seal(text: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  #open(sealed: Buffer): string {
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const text = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  }
}
