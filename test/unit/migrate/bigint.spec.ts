import 'reflect-metadata';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import { SessionLifetime } from '../../../src/tracker/session-lifetime.js';
import { cookieSession } from '../../../src/migrate/index.js';

class Account {
  balance = 12n;
}

describe('alsoWrite', () => {
  it('writes a bigint into the old session as text, because JSON has no bigint', async () => {
    const source = cookieSession({
      keys: ['a-secret-of-the-old-application'],
      map: (old: { balance?: string }) => Object.assign(new Account(), { balance: BigInt(old.balance ?? 0) }),
      alsoWrite: true,
    });
    const provider = source.providerFor({
      name: 'account',
      type: Account,
      serializer: new SessionSerializerReflection(Account),
      lifetime: new SessionLifetime(),
      ownerOf: () => undefined,
      now: Date.now,
    } as never);
    const tracker = provider.tracker as unknown as {
      storeTwin(twin: object): Promise<{ readonly transportValue: string }>;
    };
    const { transportValue } = await tracker.storeTwin({
      value: new Account(),
      of: 'twin',
      isUnique: true,
      keepsId: false,
      expiresAt: Date.now() + 3_600_000,
    });
    const [[, value]] = JSON.parse(transportValue) as [[string, string]];
    expect(JSON.parse(Buffer.from(value, 'base64').toString())).toMatchObject({ balance: '12' });
  });
});
