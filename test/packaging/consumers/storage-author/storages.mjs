/** A storage of three verbs, as somebody writes it who reads the README. */
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

/** The same, but what was ended stays. */
class EndlessStorage extends MapStorage {
  async invalidate() {}
}

/** The one that the environment names. */
export const Storage = { MapStorage, EndlessStorage }[process.env.STORAGE];
