import {
  transformRead,
  transformWrite,
  type KeyState,
  type SessionTransportTransformer,
} from '../transformer/session-transport-transformer.js';
import { pack, unpack } from './migrating-value.js';

export class MigratingTransformer implements SessionTransportTransformer {
  readonly #own: readonly SessionTransportTransformer[];
  readonly #from: readonly SessionTransportTransformer[];
  readonly #alsoWrite: boolean;

  constructor(
    own: readonly SessionTransportTransformer[],
    from: readonly SessionTransportTransformer[],
    alsoWrite: boolean,
  ) {
    this.#own = own;
    this.#from = from;
    this.#alsoWrite = alsoWrite;
  }

  async transformRead(packed: string): Promise<string | undefined> {
    const { own: ownText, foreign: foreignText, marked } = unpack(packed);
    const own = await readOrUndefined(this.#own, ownText);
    // Without transformers, the storage decides.
    const isOurs = !this.#alsoWrite && own !== undefined && this.#own.length > 0;
    const foreign = isOurs ? undefined : await readOrUndefined(this.#from, foreignText);
    return own === undefined && foreign === undefined ? undefined : pack({ own, foreign, marked });
  }

  async transformWrite(transportValue: string): Promise<string> {
    if (!this.#alsoWrite) return transformWrite(this.#own, transportValue);
    const { own, foreign } = unpack(transportValue);
    return pack({
      own: await transformWrite(this.#own, own!),
      foreign: foreign === undefined ? undefined : await transformWrite(this.#from, foreign),
    });
  }

  keyState(packed: string): KeyState {
    const { own } = unpack(packed);
    return (own === undefined ? undefined : this.#own.at(-1)?.keyState?.(own)) ?? 'current';
  }
}

async function readOrUndefined(
  transformers: readonly SessionTransportTransformer[],
  text: string | undefined,
): Promise<string | undefined> {
  try {
    return text === undefined ? undefined : (await transformRead(transformers, text))?.value;
  } catch {
    return undefined;
  }
}
