import * as fc from 'fast-check';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { type MacAlgorithm } from '../../../src/transformer/java-algorithms.js';
import { SessionTransportTransformerMessageAuthentication } from '../../../src/transformer/session-transport-transformer-message-authentication.js';
import { changedText } from './changed-text.js';
import { anyText } from '../../support/any-text.js';

const key = Buffer.from('003515606058610610561058', 'hex');
const make = (bytes: Uint8Array, algorithm?: MacAlgorithm) =>
  new SessionTransportTransformerMessageAuthentication(bytes, algorithm, { weak: true });
const authentication = make(key);

describe('SessionTransportTransformerMessageAuthentication', () => {
  it.each([
    ['hello', '16f7650bf0f4d32956018d7b0ee8efafd35b1d6ff8112f60763e1f9214ccd3e6'],
    ['', 'bc2b384b7df723c12695e696bc18279e37e9213f3cfdefbc7af563640922d7bc'],
    ['a/b', 'd9887db9e049deeee79eb9d5c0f4e61be6e270f721f68911ed3e8adc2521cad9'],
    ['{"userId":"id 2","cart":[]}', '0adc94dc04d0122b8139e88250ab61bcc01980ed3898eb4e557e2a749e17ab16'],
  ])('writes and reads "%s" as Ktor does', (value, mac) => {
    expect(authentication.transformWrite(value)).toBe(`${value}/${mac}`);
    expect(authentication.transformRead(`${value}/${mac}`)).toBe(value);
  });

  it('writes and reads the session id of the documentation sample as Ktor does', () => {
    const sample = make(Buffer.from('6819b57a326945c1968f45236589', 'hex'));
    const id = '0'.repeat(64);
    const written = `${id}/6dbac0024d482db1f4884a3e29db43d18e472fe35eb56e1457a5f65041a36467`;

    expect(sample.transformWrite(id)).toBe(written);
    expect(sample.transformRead(written)).toBe(id);
  });

  // Recorded from javax.crypto.Mac of OpenJDK 17, key "key", over "hello".
  it.each<[MacAlgorithm, string]>([
    ['HmacMD5', '04130747afca4d79e32e87cf2104f087'],
    ['HmacSHA1', 'b34ceac4516ff23a143e61d79d0fa7a4fbe5f266'],
    ['HmacSHA224', '6b30a4ecbe38b6a90d7dd0ac3ef17aa68c0aa8bd5c79d2b219f4e6f6'],
    ['HmacSHA256', '9307b3b915efb5171ff14d8cb55fbcc798c6c0ef1456d66ded1a6aa723a58b7b'],
    ['HmacSHA384', 'eacbad575c301fa68afb26dae48b25bf5cd42fd08ed28c08c274ce62df7928f01249976cd8aaf1ab0681d3accedc9543'],
    [
      'HmacSHA512',
      'ff06ab36757777815c008d32c8e14a705b4e7bf310351a06a23b612dc4c7433e7757d20525a5593b71020ea2ee162d2311b247e9855862b270122419652c0c92',
    ],
    ['HmacSHA512/224', '65f0de09201bada199441610a81e6fa6e805bc96684444139a7fc3aa'],
    ['HmacSHA512/256', '6149bdedc72e1cb49de9d0e575ed42b04ca960d6064eb8d38aefcbc886864525'],
    ['HmacSHA3-224', 'd35fbc8090255f27f6d3ac4935867112a6f3f810a717a51d5a69f4f6'],
    ['HmacSHA3-256', 'a59b86b015726e63cb275f18729321e3b59068796945c7c99ddb7438b7539854'],
    [
      'HmacSHA3-384',
      '77f7d10c04c617e65d16819bb768081f50ca79ca58b979dc3773b9877d8db459a19e980f07b3ef47cd73bde065f4e2a2',
    ],
    [
      'HmacSHA3-512',
      'a7b1e8dcadfaf2c0b53d10e764d3553ea86f5ddc56d47f27c2d552efd64e306f8b534d1cb2ff11fc4a11d91658c523e0fc40c7f091df6017e51beaccc4003809',
    ],
  ])('computes %s as Java does, with a name in any case', (algorithm, mac) => {
    const bytes = Buffer.from('key');
    const upper = algorithm.toUpperCase() as MacAlgorithm;

    expect(make(bytes, algorithm).transformWrite('hello')).toBe(`hello/${mac}`);
    expect(make(bytes, upper).transformRead(`hello/${mac}`)).toBe('hello');
  });

  it('rejects upper-case hexadecimal, as Ktor does', () => {
    const [value, mac] = authentication.transformWrite('hello').split('/');

    expect(authentication.transformRead(`${value}/${mac!.toUpperCase()}`)).toBeUndefined();
  });

  it.each(['', '/', 'hello', 'hello/', 'hello/zz', 'ä/ö', `hello/${'ä'.repeat(32)}`, `hello/${'ä'.repeat(64)}`])(
    'rejects "%s"',
    (value) => {
      expect(authentication.transformRead(value)).toBeUndefined();
    },
  );

  it('rejects every changed, omitted or inserted character', () => {
    const written = authentication.transformWrite('{"userId":"id2"}');
    for (let index = 0; index < written.length; index++) {
      const [before, after] = [written.slice(0, index), written.slice(index + 1)];
      for (const other of ['0', 'f', 'F', '/', '\0', '']) {
        if (other !== written[index]) expect(authentication.transformRead(before + other + after)).toBeUndefined();
      }
      expect(authentication.transformRead(`${before}0${written.slice(index)}0`)).toBeUndefined();
    }
  });

  it('rejects every change of a value that it read before', () => {
    const written = authentication.transformWrite('{"userId":"id3"}');
    for (let time = 0; time < 3; time++) {
      expect(authentication.transformRead(written)).toBe('{"userId":"id3"}');
      for (let index = 0; index < written.length; index++) {
        const other = written[index] === '0' ? '1' : '0';
        expect(
          authentication.transformRead(written.slice(0, index) + other + written.slice(index + 1)),
        ).toBeUndefined();
      }
    }
  });

  it('rejects values of another key', () => {
    const other = make(Buffer.from('other'));

    expect(authentication.transformRead(other.transformWrite('hello'))).toBeUndefined();
  });

  it('signs a lone surrogate as a question mark, as Java does', () => {
    expect(authentication.transformWrite('a\uD800b').split('/')[1]).toBe(
      authentication.transformWrite('a?b').split('/')[1],
    );
  });

  it('keeps its key if the given bytes are wiped', () => {
    const bytes = Buffer.from(key);
    const transformer = make(bytes);

    bytes.fill(0);

    expect(transformer.transformWrite('hello')).toBe(authentication.transformWrite('hello'));
  });

  it.each<[string, unknown, unknown, string]>([
    ['an empty key', new Uint8Array(0), 'HmacSHA256', 'Empty key: key has no bytes.'],
    ['a key that is a text', '003515606058610610561058', 'HmacSHA256', "Use Buffer.from(hex, 'hex')"],
    ['no key', undefined, 'HmacSHA256', 'key must be bytes.'],
    ['an unknown algorithm', key, 'HmacSHA257', 'Use one of: HmacMD5, HmacSHA1, HmacSHA224, HmacSHA256,'],
    ['an algorithm that is no text', key, null, 'Unknown MAC algorithm.'],
    ['the name of a hash', key, 'SHA-256', 'Unknown MAC algorithm.'],
    ['a short key', Buffer.alloc(12, 'a weak key'), 'HmacSHA256', 'or set weak: true'],
  ])('rejects %s in the constructor', (_, bytes, algorithm, message) => {
    const construct = () =>
      new SessionTransportTransformerMessageAuthentication(bytes as Uint8Array, algorithm as MacAlgorithm);

    expect(construct).toThrow(SessionConfigurationError);
    expect(construct).toThrow(message);
  });

  it('returns a value or undefined for any input, without throwing', () => {
    const written = authentication.transformWrite('hello');
    fc.assert(
      fc.property(anyText(), changedText(written), (any, changed) => {
        for (const value of [any, `${any}/`, changed]) {
          expect([undefined, 'hello']).toContain(authentication.transformRead(value));
          if (value !== written) expect(authentication.transformRead(value)).toBeUndefined();
        }
        expect(authentication.transformRead(authentication.transformWrite(any))).toBe(any);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['x'.repeat(1_000_000), '/'.repeat(1_000_000), `/${'0'.repeat(1_000_000)}`])(
    'handles values of a megabyte',
    (value) => {
      expect(authentication.transformRead(value)).toBeUndefined();
      expect(authentication.transformRead(authentication.transformWrite(value))).toBe(value);
    },
  );
});
