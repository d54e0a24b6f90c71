import { Controller, Get, Injectable } from '@nestjs/common';
import { ClsModule, ClsService } from 'nestjs-cls';
import { CurrentSession, sessionsOf } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { Browser, expectSessions, start, UserSession, type Platform } from './support.js';

@Injectable()
class Basket {
  constructor(private readonly cls: ClsService) {}

  /** Has no access to the request. */
  async add(): Promise<number> {
    await Promise.resolve();
    const session = this.cls.get<UserSession>('session');
    session.visits += 10;
    return session.visits;
  }
}

@Controller()
class BasketController {
  constructor(
    private readonly basket: Basket,
    private readonly cls: ClsService,
  ) {}

  @Get('add') add(@CurrentSession() session: UserSession): Promise<number> {
    this.cls.set('session', session);
    return this.basket.add();
  }

  @Get('name') name(): string {
    return this.cls.get<string>('name');
  }
}

export async function check(platform: Platform): Promise<void> {
  const running = await start(platform, {
    imports: [
      ClsModule.forRoot({
        global: true,
        interceptor: {
          mount: true,
          setup: async (cls, context) => {
            const session = await sessionsOf(context.switchToHttp().getRequest<object>()).get(UserSession);
            cls.set('name', session?.name ?? 'nobody');
          },
        },
      }),
    ],
    providers: [Basket],
    controllers: [BasketController],
  });
  await expectSessions(running);
  const browser = new Browser(running.url);
  assert.equal((await browser.get('/name')).text, 'nobody');
  assert.equal((await browser.get('/add')).text, '10');
  assert.equal((await browser.get('/add')).text, '20');
  await browser.post('/login');
  assert.equal((await browser.get('/name')).text, 'ann');
  await running.app.close();
}
