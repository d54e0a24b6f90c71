import { createHash } from 'node:crypto';
import { KeyRing } from '../../../src/keys/key-ring.js';
import { SessionTransportTransformerEncrypt } from '../../../src/transformer/session-transport-transformer-encrypt.js';
import { SessionTransportTransformerMessageAuthentication } from '../../../src/transformer/session-transport-transformer-message-authentication.js';
import { SessionTransportTransformerSeal } from '../../../src/transformer/session-transport-transformer-seal.js';
import {
  transformRead,
  transformWrite,
  type KeyState,
  type SessionTransportTransformer,
} from '../../../src/transformer/session-transport-transformer.js';

/** The transformer of Ktor's own test: appends `;v`. */
class Appending implements SessionTransportTransformer {
  readonly calls: string[] = [];

  constructor(private readonly suffix: string) {}

  transformRead(transportValue: string): string | undefined {
    this.calls.push(transportValue);
    const end = `;${this.suffix}`;
    return transportValue.endsWith(end) ? transportValue.slice(0, -end.length) : undefined;
  }

  transformWrite(transportValue: string): string {
    return `${transportValue};${this.suffix}`;
  }
}

/** The same, later. */
class AppendingAsync implements SessionTransportTransformer {
  readonly #inner: Appending;

  constructor(suffix: string) {
    this.#inner = new Appending(suffix);
  }

  async transformRead(transportValue: string): Promise<string | undefined> {
    await Promise.resolve();
    return this.#inner.transformRead(transportValue);
  }

  async transformWrite(transportValue: string): Promise<string> {
    await Promise.resolve();
    return this.#inner.transformWrite(transportValue);
  }
}

describe('SessionTransportTransformerKtTest', () => {
  it('allTransformersShouldBeAppliedOnWrite', async () => {
    expect(await transformWrite([new Appending('1'), new Appending('2')], '0')).toBe('0;1;2');
  });

  it('allTransformersShouldBeAppliedOnReadInReverseOrder', async () => {
    expect(await transformRead([new Appending('1'), new Appending('2')], '0;1;2')).toEqual({
      value: '0',
      outdated: false,
    });
  });
});

describe('transformRead and transformWrite', () => {
  it('return the value without a transformer', async () => {
    expect(await transformWrite([], 'plain')).toBe('plain');
    expect(await transformRead([], 'plain')).toEqual({ value: 'plain', outdated: false });
  });

  it('wait for asynchronous transformers', async () => {
    const transformers = [new Appending('1'), new AppendingAsync('2'), new AppendingAsync('3')];

    expect(await transformWrite(transformers, '0')).toBe('0;1;2;3');
    expect(await transformRead(transformers, '0;1;2;3')).toEqual({ value: '0', outdated: false });
  });

  it('stop at the first transformer that returns undefined', async () => {
    const inner = new Appending('1');

    expect(await transformRead([inner, new Appending('2')], '0;2;1')).toBeUndefined();
    expect(inner.calls).toEqual([]);
  });

  it('accept an empty value', async () => {
    expect(await transformRead([new Appending('1'), new Appending('2')], ';1;2')).toEqual({
      value: '',
      outdated: false,
    });
  });

  it.each<[KeyState, boolean]>([
    ['current', false],
    ['outdated', true],
    ['unknown', false],
  ])('for a value of a key that is %s, return outdated: %s', async (state, outdated) => {
    const seen: string[] = [];
    const inner = Object.assign(new Appending('1'), {
      keyState: (value: string): KeyState => {
        seen.push(value);
        return state;
      },
    });

    expect(await transformRead([inner, new Appending('2')], '0;1;2')).toEqual({ value: '0', outdated });
    expect(seen).toEqual(['0;1']);
  });

  it('combine Encrypt and MessageAuthentication as Ktor does', async () => {
    const fixed = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
    const chain = [
      new SessionTransportTransformerEncrypt(fixed, Buffer.from('02030405060708090a0b0c', 'hex'), {
        weak: true,
        ivGenerator: () => fixed,
      }),
      new SessionTransportTransformerMessageAuthentication(
        Buffer.from('003515606058610610561058', 'hex'),
        'HmacSHA256',
        {
          weak: true,
        },
      ),
    ];
    const expected =
      '00112233445566778899aabbccddeeff/d3fb4f43eb7c5bc834827931667ab6cd:' +
      '8986947cef27155c62d36c196636e9d1129efcd624f53f6fa82afbf85316a784/' +
      '4d027ac9bd24028a129ac4a1e9bb8608a363e849310222481f6fce4e78d1a531';

    expect(await transformWrite(chain, 'hello')).toBe(expected);
    expect(await transformRead(chain, expected)).toEqual({ value: 'hello', outdated: false });
    expect(await transformRead(chain, `1${expected.slice(1)}`)).toBeUndefined();
  });

  it('combine a seal with other transformers', async () => {
    const keys = new KeyRing(createHash('sha256').update('a').digest());
    const seal = new SessionTransportTransformerSeal(keys, { name: 'user_session', transport: 'cookie' });
    const chain = [new Appending('1'), seal, new Appending('2')];

    expect(await transformRead(chain, await transformWrite(chain, '0'))).toEqual({ value: '0', outdated: false });
  });
});
