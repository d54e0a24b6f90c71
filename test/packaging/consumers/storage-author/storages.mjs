/** A storage with three methods, as in the documentation. */
class MapStorage {
  #sessions = new Map();

  async read(id) {
    const session = this.#sessions.get(id);
    return session && session.expiresAt > Date.now() ? { ...session } : undefined;
  }

  async write(id, { value, expiresAt, owner }) {
    this.#sessions.set(id, owner === undefined ? { value, expiresAt } : { value, expiresAt, owner });
  }

  async invalidate(id) {
    this.#sessions.delete(id);
  }
}

/** The same, but it does not end sessions. */
class EndlessStorage extends MapStorage {
  async invalidate() {}
}

/** The storage named by the environment. */
export const Storage = { MapStorage, EndlessStorage }[process.env.STORAGE];
