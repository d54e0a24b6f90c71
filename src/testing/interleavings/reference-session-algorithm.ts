import type { SessionStorage, SessionToStore, StoredSession } from '../../storage/session-storage.js';
import type { SessionAlgorithm, SessionAnswer, SessionRequest } from './session-algorithm.js';

type Fields = Record<string, string>;

const LIFETIME = 3_600_000;
const MOVED = 'moved to ';
const ENDED = 'ended';

/** Replaces at the version that was read, merges by field on conflict, and rotates by writing the new id first. */
export const referenceSessionAlgorithm: SessionAlgorithm = {
  async begin(storage, owner) {
    const id = newId();
    await storage.write(id, toStore({}, owner));
    return id;
  },

  async perform(storage, request) {
    if (request.kind === 'revoke' || request.kind === 'revoke-all') {
      await storage.owners!.invalidateAll(request.owner);
      return { acknowledged: true };
    }
    if (request.kind === 'limit') return limit(storage, request);
    const stored = await storage.read(request.cookie);
    const session = stored && live(stored);
    if (request.kind === 'revoke-one') {
      if (stored) await end(storage, request.cookie, stored);
      return { acknowledged: true };
    }
    if (!session) return { acknowledged: false, cookie: null };
    switch (request.kind) {
      case 'read':
        return { acknowledged: true };
      case 'touch':
        return {
          acknowledged: await storage.touch!(request.cookie, session.expiresAt + LIFETIME, session.version),
        };
      case 'change':
        return change(storage, request, session);
      case 'logout':
        await end(storage, request.cookie, session);
        return { acknowledged: true, cookie: null };
      case 'rotate':
        return rotate(storage, request, session, session.owner);
      case 'login':
        return rotate(storage, request, session, request.owner);
    }
  },

  async inspect(storage, cookie) {
    const stored = await storage.read(cookie);
    return stored && live(stored) && fieldsOf(stored);
  },
};

async function change(storage: SessionStorage, request: SessionRequest, read: StoredSession): Promise<SessionAnswer> {
  for (let current = read; ;) {
    const fields = { ...fieldsOf(current), [request.field]: request.value };
    const result = await storage.replace!(request.cookie, toStore(fields, current.owner), current.version);
    if (result.status === 'replaced') return { acknowledged: true };
    if (result.status === 'gone' || result.current.value === ENDED) return { acknowledged: false, cookie: null };
    if (!live(result.current)) return { acknowledged: false };
    current = result.current;
  }
}

async function rotate(
  storage: SessionStorage,
  request: SessionRequest,
  read: StoredSession,
  owner: string | undefined,
): Promise<SessionAnswer> {
  const id = newId();
  let fields = fieldsOf(read);
  await storage.write(id, toStore(fields, owner));
  for (let current = read; ;) {
    const retired = { ...toStore({}, current.owner), value: MOVED + id };
    const result = await storage.replace!(request.cookie, retired, current.version);
    if (result.status === 'replaced') return { acknowledged: true, cookie: id };
    if (result.status === 'gone' || !live(result.current)) {
      await storage.invalidate(id);
      const ended = result.status === 'gone' || result.current.value === ENDED;
      return ended ? { acknowledged: false, cookie: null } : { acknowledged: false };
    }
    current = result.current;
    fields = fieldsOf(current);
    const added = await storage.replace!(id, toStore(fields, owner));
    if (added.status === 'gone') {
      await end(storage, request.cookie, current);
      return { acknowledged: false, cookie: null };
    }
  }
}

async function limit(storage: SessionStorage, { owner }: SessionRequest): Promise<SessionAnswer> {
  const cookie = newId();
  await storage.write(cookie, toStore({}, owner));
  for (const { id, session } of await storage.owners!.list(owner)) {
    if (id !== cookie && live(session)) await end(storage, id, session);
  }
  return { acknowledged: true, cookie };
}

async function end(storage: SessionStorage, cookie: string, read: StoredSession): Promise<void> {
  let [id, current]: [string, StoredSession | undefined] = [cookie, read];
  while (current) {
    if (current.value.startsWith(MOVED)) {
      id = current.value.slice(MOVED.length);
      current = await storage.read(id);
      continue;
    }
    const result = await storage.replace!(id, { ...toStore({}, current.owner), value: ENDED }, current.version);
    if (result.status === 'replaced') await storage.invalidate(id);
    current = result.status === 'conflict' ? result.current : undefined;
  }
}

function live(stored: StoredSession): StoredSession | undefined {
  return stored.value === ENDED || stored.value.startsWith(MOVED) ? undefined : stored;
}

function fieldsOf(stored: StoredSession): Fields {
  return JSON.parse(stored.value) as Fields;
}

function toStore(fields: Fields, owner: string | undefined): SessionToStore {
  const expiresAt = Date.now() + LIFETIME;
  return { value: JSON.stringify(fields), expiresAt, ...(owner === undefined ? {} : { owner }) };
}

function newId(): string {
  return crypto.randomUUID();
}
