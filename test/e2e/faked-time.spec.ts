import { Controller, Get } from '@nestjs/common';
import { jest } from '@jest/globals';
import { CurrentSession, Session, SessionsModule } from 'nestjs-sessions';
import { ask } from '../support/client.js';
import { platforms, startApp } from '../support/platforms.js';

const FORTY_DAYS = 40 * 86_400_000;

@Session('value')
class ValueSession {
  visits = 0;
}

@Session('id', { tracker: 'by-id' })
class IdSession {
  visits = 0;
}

@Controller()
class VisitController {
  @Get('value') value(@CurrentSession() session: ValueSession): string {
    return String(++session.visits);
  }
  @Get('id') id(@CurrentSession() session: IdSession): string {
    return String(++session.visits);
  }
}

const fakes: Array<[string, () => void]> = [
  [
    'jest.useFakeTimers',
    () =>
      void jest.useFakeTimers({
        now: Date.now() + FORTY_DAYS,
        doNotFake: [
          'setTimeout',
          'setImmediate',
          'nextTick',
          'queueMicrotask',
          'setInterval',
          'clearTimeout',
          'clearInterval',
          'clearImmediate',
          'performance',
          'hrtime',
        ],
      }),
  ],
  [
    "jest.spyOn(Date, 'now')",
    () => {
      const { now } = Date;
      jest.spyOn(Date, 'now').mockImplementation(() => now() + FORTY_DAYS);
    },
  ],
];

describe.each(platforms)('a clock that a test fakes after the start, on $name', (platform) => {
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it.each(fakes.flatMap(([name, fake]) => ['value', 'id'].map((path) => [name, path, fake] as const)))(
    'affects sessions: %s, by %s',
    async (_, path, fake) => {
      const { url, close } = await startApp(platform, {
        imports: [SessionsModule.forRoot({ sessions: [ValueSession, IdSession] })],
        controllers: [VisitController],
      });
      const cookie = (await ask(`${url}/${path}`)).cookie(path);
      expect((await ask(`${url}/${path}`, { cookie })).text).toBe('2');
      fake();
      expect((await ask(`${url}/${path}`, { cookie })).text).toBe('1');
      await close();
    },
  );
});
