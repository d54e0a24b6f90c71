import { type SessionTransportTransformer } from 'nestjs-sessions';
import { transformRead, transformWrite } from 'nestjs-sessions/core';
import {
  SessionTransportTransformerEncrypt,
  autoSerializerOf,
  int,
  KotlinxBackwardCompatibleSessionSerializer,
  KtorCookieTransport,
  list,
  reflectionSessionSerializer,
  string,
} from 'nestjs-sessions/ktor';
import * as samples from '../unit/ktor/kotlin-samples.js';
import { RecordedCall } from '../unit/ktor/recorded-call.js';
import { KtorTestFile } from './conformance.js';

export function formatCases(): void {
  autoSerializerCases();
  backwardCompatibleCases();
  transformerCases();
  encryptCases();
  transportCookieCases();
}

function autoSerializerCases(): void {
  const file = new KtorTestFile('AutoSerializerTest');
  const UUID = '123e4567-e89b-12d3-a456-426614174000';

  class Simple {
    @int() test = 0;
    @list(string()) list: string[] = [];
  }
  file.it('testSimple', () => {
    const read = autoSerializerOf(Simple).deserialize('test=#i1&list=#cl%23sa%26%23sb%26%23sc');
    expect(read).toEqual(Object.assign(new Simple(), { test: 1, list: ['a', 'b', 'c'] }));
    expect(autoSerializerOf(Simple).deserialize(autoSerializerOf(Simple).serialize(read))).toEqual(read);
  });

  const cases: ReadonlyArray<readonly [string, new () => object, string]> = [
    ['testPrimitive', samples.Primitive, 'b1=%23bot&b2=%23bof&ch=%23cha&d=%23f1.0&f=%23f1.0&i=%23i1&l=%23l2&s=%23ssss'],
    ['testLists', samples.Lists, 'immutable=%23cl%23sa%26%23sb&mutable=%23cl%23sa&mutable1=%23cl%23sa%26%23sb'],
    ['testSets', samples.Sets, 'immutable=%23cs%23sa%26%23sb&mutable=%23cs%23sa&mutable1=%23cs%23sa%26%23sb'],
    ['testMaps', samples.Maps, 'immutable=%23m%23sa%3D%23sb&mutable=%23m%23sa%3D%23sb&mutable1=%23m%23sa%3D%23sb'],
    [
      'testAdditionalTypes',
      samples.AdditionalTypes,
      `bd=%23bd0&bi=%23bi10&optionWithContent=%23op%23sa&optionalEmpty=%23om&uuid=%23s${UUID}`,
    ],
    ['testEnum', samples.WithEnum, 'e=%23sB'],
    ['testEnumInCollection', samples.EnumInCollection, 'll=%23cl%23sB&mm=%23m%23sA%3D%23sB&ss=%23cs%23sA'],
    ['testCompoundClasses', samples.Compound, 'part=%23%23i%3D%2523i779'],
    ['testSessionWithSealedMember', samples.WithSealedMember, 'member=%23%23e%3D%2523i834%26%2524type%3DSS'],
  ];
  for (const [name, type, text] of cases) {
    file.it(name, () => {
      const serializer = reflectionSessionSerializer(type);
      expect(serializer.serialize(new type())).toBe(text);
      expect(serializer.deserialize(text)).toEqual(new type());
    });
  }
  for (const [name, value, text] of [
    ['testSealedSession', new samples.SS(834), 'e=%23i834&%24type=SS'],
    ['testSealedSessionObject', new samples.E(), '%24type=E'],
  ] as const) {
    file.it(name, () => {
      for (const type of [value.constructor as new () => samples.SealedSession, samples.SealedSession]) {
        const serializer = reflectionSessionSerializer<samples.SealedSession>(type);
        expect(serializer.serialize(value)).toBe(text);
        expect(serializer.deserialize(text)).toEqual(value);
      }
    });
  }
}

function backwardCompatibleCases(): void {
  const file = new KtorTestFile('SessionsBackwardCompatibleFormatTest');
  const cases: ReadonlyArray<readonly [string, new () => object, string]> = [
    [
      'testEncoderPrimitive',
      samples.Primitives,
      'int=%23i1&string=%23s2&boolean=%23bot&double=%23f3.0&float=%23f4.0&long=%23l5&nullable=%23n&enum=%23sA',
    ],
    [
      'testEncoderCollections',
      samples.Collections,
      'listS=%23cl%23s1%26%23s2&listE=%23cl%23sA%26%23sB&listI=%23cl%23i1%26%23i2' +
        '&mapS=%23m%23skey1%3D%23s1%26%23skey2%3D%23s2&mapI=%23m%23skey1%3D%23i1%26%23skey2%3D%23i2',
    ],
    [
      'testNestedClass',
      samples.WithNested,
      'primitives=%23%23int%3D%2523i1%26string%3D%2523s2%26boolean%3D%2523bot%26double%3D%2523f3.0%26float%3D' +
        '%2523f4.0%26long%3D%2523l5%26nullable%3D%2523n%26enum%3D%2523sA',
    ],
  ];
  for (const [name, type, text] of cases) {
    file.it(name, () => {
      const serializer = new KotlinxBackwardCompatibleSessionSerializer(type);
      expect(serializer.serialize(new type())).toBe(text);
      expect(serializer.deserialize(text)).toEqual(new type());
      expect(reflectionSessionSerializer(type).deserialize(text)).toEqual(new type());
    });
  }
}

class Appending implements SessionTransportTransformer {
  constructor(readonly value: number) {}
  transformWrite(text: string): string {
    return `${text};${this.value}`;
  }
  transformRead(text: string): string | undefined {
    const end = `;${this.value}`;
    return text.endsWith(end) ? text.slice(0, -end.length) : undefined;
  }
}

function transformerCases(): void {
  const file = new KtorTestFile('SessionTransportTransformerKtTest');
  const both = [new Appending(1), new Appending(2)];
  file.it('allTransformersShouldBeAppliedOnWrite', async () => {
    expect(await transformWrite(both, '0')).toBe('0;1;2');
  });
  file.it('allTransformersShouldBeAppliedOnReadInReverseOrder', async () => {
    expect((await transformRead(both, '0;1;2'))?.value).toBe('0');
  });
}

function encryptCases(): void {
  const file = new KtorTestFile('SessionTransportTransformerEncryptTest');
  const zero = (size: number): Buffer => Buffer.alloc(size);
  file.it('accepts 32-byte AES-256 encryption key', () => {
    expect(() => new SessionTransportTransformerEncrypt(zero(32), zero(32), { weak: true })).not.toThrow();
  });
  file.it('transformWrite generates 16-byte IV for AES-256', () => {
    const written = new SessionTransportTransformerEncrypt(zero(32), zero(32), { weak: true }).transformWrite('hello');
    expect(Buffer.from(written.split('/')[0]!, 'hex')).toHaveLength(16);
  });
  file.it('round-trip preserves payload for AES-128, AES-192 and AES-256', () => {
    for (const size of [16, 24, 32]) {
      const transformer = new SessionTransportTransformerEncrypt(zero(size), zero(32), { weak: true });
      expect(transformer.transformRead(transformer.transformWrite(`session-value-${size}`))).toBe(
        `session-value-${size}`,
      );
    }
  });
  file.it('uses cipher block size for non-AES algorithm (DESede)', () => {
    const transformer = new SessionTransportTransformerEncrypt(zero(24), zero(32), {
      encryptAlgorithm: 'DESede',
      weak: true,
    });
    const written = transformer.transformWrite('non-aes-session-value');
    expect(Buffer.from(written.split('/')[0]!, 'hex')).toHaveLength(8);
    expect(transformer.transformRead(written)).toBe('non-aes-session-value');
  });
}

function transportCookieCases(): void {
  const file = new KtorTestFile('SessionTransportCookieTest');
  const cleared = (configuration: ConstructorParameters<typeof KtorCookieTransport>[1]): string => {
    const call = new RecordedCall();
    new KtorCookieTransport('name', configuration).clear(call);
    return call.cookies.get('name')!;
  };
  file.it('testClearBypassSecure', () => {
    expect(cleared({ secure: true })).toMatch(/; Secure(?:;|$)/);
  });
  file.it('testClearBypassExtensions', () => {
    expect(cleared({ sameSite: 'None' })).toMatch(/; SameSite=None(?:;|$)/);
  });
  file.it('testClearZerosMaxAge', () => {
    expect(cleared({ maxAgeInSeconds: 1000 })).toMatch(/; Max-Age=0;/);
  });
}
