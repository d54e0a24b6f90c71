import type { ConditionalSessionStorage } from '../../../src/storage/session-storage-guarded.js';
import { SessionStorageMemory } from '../../../src/memory/session-storage-memory.js';
import type {
  OwnerIndex,
  ReplaceResult,
  SessionStorage,
  SessionToStore,
  StoredSession,
} from '../../../src/storage/session-storage.js';

export type Verb = 'read' | 'create' | 'write' | 'invalidate' | 'replace' | 'touch';

/** Runs in place of one call, which it may make as often as it likes. */
export type Scene = <T>(call: () => Promise<T>) => Promise<T>;

/** The call fails and does nothing. */
export const fails: Scene = () => Promise.reject(new Error('the storage is down'));
/** The call takes effect, but its answer is lost. */
export const isLost: Scene = async (call) => {
  await call();
  throw new Error('the connection was lost');
};
/** The client lost its connection and sent the call a second time, although the first had taken effect. */
export const isResent: Scene = async (call) => {
  await call();
  return call();
};
/** The call is made when `go` says so. */
export const waitsFor =
  (go: Promise<unknown>): Scene =>
  async (call) => {
    await go;
    return call();
  };
/** Another request does something first. */
export const isOvertaken =
  (other: () => unknown): Scene =>
  async (call) => {
    await other();
    return call();
  };

/** The owner index of a memory storage whose lists can be made to go wrong. */
class ScriptedOwners implements OwnerIndex {
  /** How many there were so far. */
  lists = 0;
  readonly #owners: OwnerIndex;
  readonly #scenes: Scene[] = [];

  constructor(owners: OwnerIndex) {
    this.#owners = owners;
  }

  /** The next lists go as the scenes say; those after them as usual. */
  let(...scenes: Scene[]): void {
    this.#scenes.push(...scenes);
  }

  list: OwnerIndex['list'] = (owner) => {
    this.lists++;
    const list = () => this.#owners.list(owner);
    return (this.#scenes.shift() ?? ((call) => call()))(list);
  };

  invalidateAll: OwnerIndex['invalidateAll'] = (owner, except) => this.#owners.invalidateAll(owner, except);
}

/** A memory storage in which any call can be made to go wrong. */
export class ScriptedStorage implements ConditionalSessionStorage {
  readonly memory: SessionStorageMemory;
  readonly owners: ScriptedOwners;
  /** Every call so far. */
  calls: string[] = [];
  /** What the calls of `replace` wanted to store. */
  readonly replacements: SessionToStore[] = [];
  readonly #scenes = new Map<Verb, Scene[]>();
  declare readonly touch?: NonNullable<SessionStorage['touch']>;

  constructor(now: () => number, options: { readonly touch?: boolean } = {}) {
    this.memory = new SessionStorageMemory({ now });
    this.owners = new ScriptedOwners(this.memory.owners);
    if (options.touch !== false) {
      this.touch = (id, expiresAt, version) => this.#call('touch', () => this.memory.touch(id, expiresAt, version));
    }
  }

  /** The next calls of `verb` go as the scenes say; those after them as usual. */
  let(verb: Verb, ...scenes: Scene[]): void {
    this.#scenes.set(verb, [...(this.#scenes.get(verb) ?? []), ...scenes]);
  }

  /** The next `count` calls of `verb` go as usual. */
  pass(verb: Verb, count = 1): this {
    this.let(verb, ...Array.from({ length: count }, (): Scene => (call) => call()));
    return this;
  }

  read(id: string): Promise<StoredSession | undefined> {
    return this.#call('read', () => this.memory.read(id));
  }

  write(id: string, session: SessionToStore): Promise<string> {
    return this.#call('write', () => this.memory.write(id, session));
  }

  create(id: string, session: SessionToStore): Promise<string | undefined> {
    return this.#call('create', () => this.memory.create(id, session));
  }

  invalidate(id: string): Promise<boolean> {
    return this.#call('invalidate', () => this.memory.invalidate(id));
  }

  replace(id: string, session: SessionToStore, version?: string): Promise<ReplaceResult> {
    this.replacements.push(session);
    return this.#call('replace', () => this.memory.replace(id, session, version));
  }

  #call<T>(verb: Verb, call: () => Promise<T>): Promise<T> {
    this.calls.push(verb);
    const scene = this.#scenes.get(verb)?.shift();
    return scene ? scene(call) : call();
  }
}
