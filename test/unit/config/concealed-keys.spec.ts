import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { KeyRing, Session, SESSIONS_MODULE_OPTIONS, SessionsModule } from 'nestjs-sessions';
import { platforms, startApp } from '../../support/platforms.js';

@Session('concealed')
class ConcealedSession {
  n = 0;
}

@Session('own_keys')
class OwnKeysSession {
  n = 0;
}

const [first, second] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')] as const;
const bytes = randomBytes(32);
const everything = (value: unknown): string =>
  inspect(value, { depth: 20, showHidden: true, getters: true, maxArrayLength: 1000 }) + JSON.stringify(value);
const secrets = [first, second, bytes.toString('hex'), JSON.stringify([...bytes]).slice(1, 40)];

const options = {
  keys: [first, second],
  sessions: [ConcealedSession, { type: OwnKeysSession, keys: bytes }],
};

class OptionsFactory {
  createSessionsOptions() {
    return options;
  }
}

describe('the options of the module', () => {
  it.each([
    ['forRoot', SessionsModule.forRoot(options)],
    ['useFactory', SessionsModule.forRootAsync({ useFactory: async () => options })],
    ['useClass', SessionsModule.forRootAsync({ useClass: OptionsFactory })],
  ])('show no key, by %s', async (_, module) => {
    for (const secret of secrets) expect(everything(module)).not.toContain(secret);
    const app = await startApp(platforms[0]!, { imports: [module] });
    try {
      const injected = app.app.get<unknown, { keys: unknown }>(SESSIONS_MODULE_OPTIONS, { strict: false });
      expect(injected.keys).toBeInstanceOf(KeyRing);
      for (const secret of secrets) expect(everything(injected)).not.toContain(secret);
    } finally {
      await app.close();
    }
  });

  it.each(['short', [first, first], ['']])(
    'are refused at start for keys that are weak, and not before',
    async (keys) => {
      const module = SessionsModule.forRoot({ keys, sessions: [ConcealedSession] });
      expect(everything(module)).not.toContain(first);
      await expect(startApp(platforms[0]!, { imports: [module] })).rejects.toThrow(/keys\[/);
    },
  );

  it.each([undefined, [undefined]])('may have no keys outside production', async (keys) => {
    const app = await startApp(platforms[0]!, {
      imports: [SessionsModule.forRoot({ keys, sessions: [ConcealedSession] })],
    });
    await app.close();
  });
});
