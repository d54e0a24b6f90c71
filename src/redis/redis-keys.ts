import { SessionConfigurationError } from '../errors/session.errors.js';
import { encodeOwner } from './redis-value.js';

/** `<prefix><id>` and `<prefix>owner:<owner, URI-encoded>`. */
export class RedisKeys {
  readonly #prefix: string;

  /** @throws {SessionConfigurationError} for a prefix that puts every session on one cluster node. */
  constructor(prefix: string) {
    if (typeof prefix !== 'string' || /[{}\s]/.test(prefix)) {
      throw new SessionConfigurationError(
        "The prefix of redisSessionStorage must be a string without spaces, { and }, such as { prefix: 'shop:session:' }: " +
          'a cluster selects the node of a key by the text in braces, which would be the same for all keys.',
      );
    }
    this.#prefix = prefix;
  }

  session(id: string): string {
    // Encodes foreign ids, to avoid owner keys and braces.
    return this.#prefix + (/^[\w-]*$/.test(id) ? id : encodeOwner(id));
  }

  owner(owner: string): string {
    return `${this.#prefix}owner:${encodeOwner(owner)}`;
  }
}
