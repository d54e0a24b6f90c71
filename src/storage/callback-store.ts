type Methods = Record<'get' | 'set' | 'destroy', (...args: unknown[]) => unknown>;

/** A store for express-session, with promises instead of callbacks. */
export class CallbackStore {
  readonly #store: Methods;

  constructor(store: object) {
    this.#store = store as Methods;
  }

  static accepts(store: unknown): boolean {
    return (['get', 'set', 'destroy'] as const).every(
      (name) => typeof (store as Partial<Methods> | null | undefined)?.[name] === 'function',
    );
  }

  get(id: string): Promise<unknown> {
    return this.#call('get', id).catch(unlessMissing);
  }

  async set(id: string, session: object): Promise<void> {
    await this.#call('set', id, session);
  }

  async destroy(id: string): Promise<void> {
    await this.#call('destroy', id).catch(unlessMissing);
  }

  #call(method: keyof Methods, ...args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const callback = (error?: unknown, answer?: unknown): void => {
        if (error) reject(error);
        else resolve(answer);
      };
      const promise = this.#store[method](...args, callback) as { catch?: unknown } | undefined;
      if (typeof promise?.catch === 'function') (promise as Promise<unknown>).catch(reject);
    });
  }
}

/** As in express-session, ENOENT means "no such session". */
function unlessMissing(error: unknown): undefined {
  if ((error as { code?: unknown } | null)?.code !== 'ENOENT') throw error;
}
