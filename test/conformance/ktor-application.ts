import { ktor, KtorSessionStorage, string, type KtorSession } from 'nestjs-sessions/ktor';

/** The session of most rules. */
export class User {
  @string() name = '';
}
/** A second one beside it. */
export class Cart {
  @string() item = '';
}

export const named = (name: string): User => Object.assign(new User(), { name });

export const userSession = (more: Partial<KtorSession<User>> = {}) =>
  ktor<User>({ type: User, name: 'U', version: '3.5', ...more });
export const cartSession = (more: Partial<KtorSession<Cart>> = {}) =>
  ktor<Cart>({ type: Cart, name: 'C', version: '3.5', ...more });

/** Ktor's `SessionStorageMemory`, which shows what it holds, counts what is done to it, and fails where told to. */
export class KtorMemory extends KtorSessionStorage {
  readonly texts: Map<string, string>;
  readonly calls: string[];

  constructor(fails: { readonly [verb in 'read' | 'write' | 'invalidate']?: boolean } = {}) {
    const texts = new Map<string, string>();
    const calls: string[] = [];
    const done = (verb: 'read' | 'write' | 'invalidate', id: string): void => {
      calls.push(`${verb} ${id}`);
      if (fails[verb]) throw new Error('down');
    };
    super({
      read: async (id) => {
        done('read', id);
        return texts.get(id);
      },
      write: async (id, value) => {
        done('write', id);
        texts.set(id, value);
      },
      invalidate: async (id) => {
        done('invalidate', id);
        return texts.delete(id);
      },
    });
    this.texts = texts;
    this.calls = calls;
  }
}
