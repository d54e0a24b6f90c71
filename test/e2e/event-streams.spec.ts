import { Controller, Get, HttpException, Scope, Sse, UseInterceptors, type CallHandler } from '@nestjs/common';
import { request } from 'node:http';
import { of } from 'rxjs';
import {
  CurrentSession,
  Session,
  Sessions,
  SessionsModule,
  SessionStorageMemory,
  type RequestSessions,
} from 'nestjs-sessions';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('viewer', { tracker: 'by-id' })
class ViewerSession {
  views = 0;
}

/** The status of a stream. Nest 11 does not end one that completes at once, so its body is not read. */
function statusOf(url: string, cookie: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { cookie } }, (response) => {
      resolve(response.statusCode);
      response.destroy();
    });
    asked.on('error', reject);
    asked.end();
  });
}

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

let down = false;

/** Answers after the time in which Nest sends the head of an event stream. */
class SlowStorage extends SessionStorageMemory {
  override async read(...args: Parameters<SessionStorageMemory['read']>) {
    await wait(20);
    if (down) throw new Error('down');
    return super.read(...args);
  }
}

class Passing {
  intercept(_: unknown, next: CallHandler) {
    return next.handle();
  }
}

@Controller()
class ViewerController {
  @Get('enter') enter(@CurrentSession() session: ViewerSession) {
    session.views += 1;
  }
  @Get('me') me(@CurrentSession() session: ViewerSession) {
    return session.views;
  }
  @Get('leave') leave(@Sessions() sessions: RequestSessions) {
    sessions.clear(ViewerSession);
  }
  @Sse('sync') sync(@CurrentSession() session: ViewerSession) {
    session.views += 1;
    return of({ data: session.views });
  }
  @Sse('async') async slow(@CurrentSession() session: ViewerSession) {
    await wait(20);
    session.views += 1;
    return of({ data: session.views });
  }
  @Sse('all') async all(@Sessions() sessions: RequestSessions) {
    const session = await sessions.get(ViewerSession);
    session!.views += 1;
    return of({ data: session!.views });
  }
  @Sse('intercepted') @UseInterceptors(Passing) intercepted(@CurrentSession() session: ViewerSession) {
    session.views += 1;
    return of({ data: session.views });
  }
  @Sse('required') @UseInterceptors(Passing) required(@CurrentSession({ required: true }) session: ViewerSession) {
    return of({ data: session.views });
  }
  @Sse('throws') async throws(@CurrentSession() session: ViewerSession) {
    await wait(20);
    session.views += 1;
    throw new HttpException('no', 409);
  }
}

@Controller({ path: 'scoped', scope: Scope.REQUEST })
class ScopedController {
  @Sse('sync') sync(@CurrentSession() session: ViewerSession) {
    session.views += 1;
    return of({ data: session.views });
  }
}

describe.each(platforms)('an event stream over a slow storage, on $name', (platform) => {
  let running: RunningApp;
  let cookie: string;
  beforeAll(async () => {
    running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [ViewerSession], storage: new SlowStorage(), commit: 'handler' })],
      controllers: [ViewerController, ScopedController],
    });
  });
  beforeEach(async () => {
    down = false;
    cookie = (await ask(`${running.url}/enter`)).cookie('viewer');
  });
  afterAll(() => running.close());

  it.each(['sync', 'async', 'all', 'intercepted', 'scoped/sync'])(
    'stores what its handler changes: %s',
    async (path) => {
      expect(await statusOf(`${running.url}/${path}`, cookie)).toBe(200);
      expect((await ask(`${running.url}/me`, { cookie })).text).toBe('2');
    },
  );

  it('has the status of an exception that its handler throws later', async () => {
    expect(await statusOf(`${running.url}/throws`, cookie)).toBe(409);
  });

  it('has the status of a refusal and of an outage', async () => {
    await ask(`${running.url}/leave`, { cookie });
    expect(await statusOf(`${running.url}/required`, cookie)).toBe(401);
    down = true;
    for (const path of ['sync', 'intercepted', 'scoped/sync']) {
      expect(await statusOf(`${running.url}/${path}`, cookie)).toBe(503);
    }
  });
});
