import { Controller, Get, Injectable, Param, type ExecutionContext } from '@nestjs/common';
import { I18n, I18nContext, I18nJsonLoader, I18nModule, type I18nResolver } from 'nestjs-i18n';
import { CurrentSession, sessionsOf } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Browser, expectSessions, start, UserSession, type Platform } from './support.js';

@Injectable()
class LanguageOfSession implements I18nResolver {
  async resolve(context: ExecutionContext): Promise<string | undefined> {
    const session = await sessionsOf(context.switchToHttp().getRequest<object>()).get(UserSession);
    return session?.language;
  }
}

@Controller()
class GreetingController {
  @Get('language/:language') choose(
    @CurrentSession() session: UserSession,
    @Param('language') language: string,
  ): string {
    session.language = language;
    return language;
  }

  @Get('greeting') greet(@I18n() i18n: I18nContext): string {
    return i18n.t('page.greeting');
  }
}

export async function check(platform: Platform): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'i18n-'));
  for (const [language, greeting] of Object.entries({ en: 'Hello', fr: 'Bonjour' })) {
    mkdirSync(join(folder, language));
    writeFileSync(join(folder, language, 'page.json'), JSON.stringify({ greeting }));
  }
  const running = await start(platform, {
    imports: [
      I18nModule.forRoot({
        fallbackLanguage: 'en',
        loader: I18nJsonLoader,
        loaderOptions: { path: folder },
        resolvers: [LanguageOfSession],
        logging: false,
      }),
    ],
    controllers: [GreetingController],
  });
  await expectSessions(running);
  const browser = new Browser(running.url);
  assert.equal((await browser.get('/greeting')).text, 'Hello');
  await browser.get('/language/fr');
  assert.equal((await browser.get('/greeting')).text, 'Bonjour');
  assert.equal((await new Browser(running.url).get('/greeting')).text, 'Hello');
  await running.app.close();
  rmSync(folder, { recursive: true });
}
