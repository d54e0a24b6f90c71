import { Controller, Get } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { CurrentSession, Session, SessionsModule } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { Browser, expectSessions, start, type Platform } from './support.js';

@Session('basket')
class BasketSession {
  items = 0;
}

@Controller()
class BasketController {
  @Get('add') add(@CurrentSession() basket: BasketSession): number {
    basket.items += 1;
    return basket.items;
  }
}

const newKey = (): string => randomBytes(32).toString('base64url');

export async function check(platform: Platform): Promise<void> {
  const [first, second] = [newKey(), newKey()];
  const startWith = (keys: string) =>
    start(platform, {
      imports: [
        ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [() => ({ session: { keys } })] }),
        SessionsModule.forRootAsync({
          inject: [ConfigService],
          useFactory: (config: ConfigService) => ({ keys: config.getOrThrow<string>('session.keys').split(',') }),
        }),
      ],
      controllers: [BasketController],
    });

  const before = await startWith(first);
  await expectSessions(before);
  const browser = new Browser(before.url);
  assert.equal((await browser.get('/add')).text, '1');
  await before.app.close();

  // With the configured keys, a session of the old key is read; one of an unknown key starts again.
  const after = await startWith(`${second},${first}`);
  const returned = new Browser(after.url);
  for (const [name, value] of browser.cookies) returned.cookies.set(name, value);
  assert.equal((await returned.get('/add')).text, '2');
  await after.app.close();
  const other = await startWith(second);
  const refused = new Browser(other.url);
  for (const [name, value] of browser.cookies) refused.cookies.set(name, value);
  assert.equal((await refused.get('/add')).text, '1');
  await other.app.close();
}
