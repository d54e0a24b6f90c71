import { hash } from 'node:crypto';
import { SessionStorageUnavailableError } from '../errors/session.errors.js';
import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import { mergeExpressData } from './merge-express-data.js';

export interface ExpressSessionData {
  cookie?: { expires?: Date | string | boolean | null; originalMaxAge?: number | null };
}

interface Base {
  readonly text: string;
  readonly version: string | undefined;
  readonly expiresAt: number;
}

const MAX_ATTEMPTS = 256;
const MINUTE_IN_MILLISECONDS = 60_000;

export class ExpressSessions {
  readonly #storage: ConditionalSessionStorage;
  readonly #ttl: number;
  readonly #now: () => number;
  readonly #bases = new WeakMap<object, Base>();

  constructor(storage: ConditionalSessionStorage, ttl: number, now: () => number) {
    this.#storage = storage;
    this.#ttl = ttl;
    this.#now = now;
  }

  async get(sid: string): Promise<ExpressSessionData | undefined> {
    const stored = await this.#storage.read(storedId(sid));
    const data = stored && parsed(stored.value);
    if (!stored || !data) return undefined;
    if (data.cookie?.expires) data.cookie.expires = new Date(stored.expiresAt).toISOString();
    this.#bases.set(data, { text: stored.value, version: stored.version, expiresAt: stored.expiresAt });
    return data;
  }

  adopt(session: object, data: object): void {
    const base = this.#bases.get(data);
    if (base) this.#bases.set(session, base);
  }

  async set(sid: string, session: ExpressSessionData): Promise<void> {
    let base = this.#bases.get(session);
    let value = JSON.stringify(session);
    const expiresAt = this.#expiryOf(session);
    if (!base) {
      const version = (await this.#storage.write(storedId(sid), { value, expiresAt })) ?? undefined;
      this.#bases.set(session, { text: value, version, expiresAt });
      return;
    }
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const result = await this.#storage.replace(storedId(sid), { value, expiresAt }, base.version);
      if (result.status === 'gone') return;
      if (result.status === 'replaced') {
        this.#bases.set(session, { text: value, version: result.version, expiresAt });
        return;
      }
      const { current } = result;
      value = mergeExpressData(base.text, value, current.value);
      base = { text: current.value, version: current.version, expiresAt: current.expiresAt };
    }
    throw new SessionStorageUnavailableError(
      `Other requests changed the session ${MAX_ATTEMPTS} times while it was being stored. Try again.`,
    );
  }

  async touch(sid: string, session: ExpressSessionData): Promise<void> {
    const base = this.#bases.get(session);
    const expiresAt = this.#expiryOf(session);
    const lifetime = expiresAt - this.#now();
    if (base && expiresAt - base.expiresAt < Math.min(Math.max(lifetime / 10, MINUTE_IN_MILLISECONDS), lifetime / 2))
      return;
    if (this.#storage.touch) await this.#storage.touch(storedId(sid), expiresAt, base?.version);
    else await this.set(sid, session);
  }

  async destroy(sid: string): Promise<void> {
    await this.#storage.invalidate(storedId(sid));
  }

  #expiryOf({ cookie }: ExpressSessionData): number {
    const expires = cookie?.expires;
    const moment = typeof expires === 'string' || expires instanceof Date ? new Date(expires).getTime() : Number.NaN;
    return Number.isFinite(moment) ? moment : this.#now() + (cookie?.originalMaxAge ?? this.#ttl);
  }
}

/** Storages never see a client's id. */
function storedId(sid: string): string {
  return hash('sha256', sid, 'base64url');
}

function parsed(text: string): ExpressSessionData | undefined {
  try {
    const data = JSON.parse(text) as ExpressSessionData | null;
    // express-session requires the cookie.
    return typeof data?.cookie === 'object' && data.cookie !== null ? data : undefined;
  } catch {
    return undefined;
  }
}
