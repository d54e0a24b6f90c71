import { Catch, Controller, Get, Post, type ArgumentsHost, type LoggerService, type Provider } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { CurrentSession, Session, SessionsModule, SessionStorageMemory, type SessionStorage } from 'nestjs-sessions';
import type { AddressInfo } from 'node:net';
import { ask } from '../support/client.js';
import { platforms, type Platform, type RunningApp } from '../support/platforms.js';

@Session('cart', { tracker: 'by-id' })
class Cart {
  items = 0;
}

@Controller()
class CartController {
  @Post('cart') fill(@CurrentSession() cart: Cart) {
    cart.items++;
  }
  @Get('broken') broken() {
    throw new Error('a fault of the handler');
  }
}

@Catch()
class CatchAllFilter {
  catch(error: Error, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<{ status(code: number): { send(body: unknown): void } }>();
    response.status(418).send({ caught: error.name });
  }
}

class BrokenStorage extends SessionStorageMemory {
  override write(): never {
    throw new Error('connection refused');
  }
}

interface LoggedApp extends Pick<RunningApp, 'url' | 'close'> {
  readonly lines: readonly unknown[][];
}

async function start(platform: Platform, storage: SessionStorage, providers: Provider[] = []): Promise<LoggedApp> {
  const lines: unknown[][] = [];
  const error = (...line: unknown[]): void => void lines.push(line);
  const logger: LoggerService = { log: () => undefined, warn: () => undefined, error, fatal: error };
  const module = await Test.createTestingModule({
    imports: [SessionsModule.forRoot({ storage, sessions: [Cart] })],
    controllers: [CartController],
    providers,
  }).compile();
  const app = module.createNestApplication(platform.adapter(), { logger });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { lines, url: `http://127.0.0.1:${port}`, close: () => app.close() };
}

describe.each(platforms)('the log of an outage on $name', (platform) => {
  it('has a line for the first failure and one for the outage, while each request gets 503', async () => {
    const { url, lines, close } = await start(platform, new BrokenStorage());
    const refuse = async (): Promise<void> => {
      const { status, text } = await ask(`${url}/cart`, { method: 'POST' });
      expect({ status, body: JSON.parse(text) as unknown }).toEqual({
        status: 503,
        body: { statusCode: 503, message: 'Not available at the moment. Try again later.' },
      });
    };
    while (lines.length < 2) await refuse();
    for (let request = 0; request < 50; request++) await refuse();
    await close();
    expect(lines.map(([line]) => String(line))).toEqual([
      expect.stringMatching(/^Session "cart": the storage failed to store: .* \(Error\)$/),
      expect.stringMatching(
        /^BrokenStorage does not answer: \d+ calls failed in \d+ ms\. From now on, calls fail immediately\.$/,
      ),
    ]);
  });

  it('has a line for each error of a handler, as Nest logs it', async () => {
    const { url, lines, close } = await start(platform, new BrokenStorage());
    expect((await ask(`${url}/broken`)).status).toBe(500);
    expect((await ask(`${url}/broken`)).status).toBe(500);
    await close();
    expect(lines).toHaveLength(2);
  });

  it('leaves the response to a catch-all filter of the application', async () => {
    const filter = { provide: APP_FILTER, useClass: CatchAllFilter };
    const { url, close } = await start(platform, new BrokenStorage(), [filter]);
    const { status, text: body } = await ask(`${url}/cart`, { method: 'POST' });
    await close();
    expect({ status, body }).toEqual({ status: 418, body: '{"caught":"SessionStorageUnavailableError"}' });
  });
});
