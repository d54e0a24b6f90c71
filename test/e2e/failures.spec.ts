import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import {
  CurrentSession,
  generateSessionId,
  Session,
  Sessions,
  SessionsModule,
  SessionStorageMemory,
  type RequestSessions,
  type SessionEvent,
  type SessionStorage,
  type SessionToStore,
} from 'nestjs-sessions';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

/** A memory storage that fails or hangs on request. */
class FaultyStorage implements SessionStorage {
  readonly #inner = new SessionStorageMemory();
  mode: 'well' | 'failing' | 'hanging' = 'well';

  read(id: string) {
    return this.#guard(() => this.#inner.read(id));
  }
  write(id: string, session: SessionToStore) {
    return this.#guard(() => this.#inner.write(id, session));
  }
  invalidate(id: string) {
    return this.#guard(() => this.#inner.invalidate(id));
  }
  replace(id: string, session: SessionToStore, version?: string) {
    return this.#guard(() => this.#inner.replace(id, session, version));
  }

  #guard<T>(call: () => Promise<T>): Promise<T> {
    if (this.mode === 'failing') return Promise.reject(new Error('connection refused to redis-secret-host'));
    return this.mode === 'hanging' ? new Promise(() => undefined) : call();
  }
}

@Session('needed', { tracker: 'by-id' })
class Needed {
  count = 0;
}

@Session('nice', { tracker: 'by-id', onUnavailable: 'anonymous' })
class Nice {
  count = 0;
}

@Session('sealed')
class Sealed {
  text = '';
  more = '';
  anything?: unknown;
}

@Session('x-header', { transport: 'header' })
class InHeader {
  text = '';
}

@Controller()
class AppController {
  @Get('needed') needed(@CurrentSession({ optional: true }) session?: Needed) {
    return session ?? {};
  }
  @Post('needed') @HttpCode(200) count(@CurrentSession() session: Needed) {
    return { count: ++session.count };
  }
  @Post('needed/end') @HttpCode(200) end(@Sessions() sessions: RequestSessions) {
    sessions.clear(Needed);
  }
  @Get('nice') nice(@CurrentSession({ optional: true }) session?: Nice) {
    return session ?? {};
  }
  @Post('nice') @HttpCode(200) countNice(@CurrentSession() session: Nice) {
    return { count: ++session.count };
  }
  @Get('none') none() {
    return 'none';
  }
  @Get('large') large(@CurrentSession() session: Sealed) {
    session.text = 'x'.repeat(3000);
    session.more = 'y'.repeat(500);
    return 'large';
  }
  @Get('large-header') largeHeader(@CurrentSession() session: InHeader) {
    session.text = 'x'.repeat(9000);
  }
  @Get('function') function(@CurrentSession() session: Sealed) {
    session.anything = { deep: [() => 'secret'] };
  }
  @Get('cycle') cycle(@CurrentSession() session: Sealed) {
    const cycle: Record<string, unknown> = {};
    session.anything = cycle['self'] = cycle;
  }
  @Get('wrong/:kind') wrong(@Sessions() sessions: RequestSessions) {
    sessions.set({ visits: 1 });
  }
  @Get('null') null(@Sessions() sessions: RequestSessions) {
    sessions.set(null as never);
  }
  @Get('id-of-value') idOfValue(@Sessions() sessions: RequestSessions) {
    return sessions.id(Sealed);
  }
}

describe.each(platforms)('failures on $name', (platform) => {
  const events: SessionEvent[] = [];
  const storage = new FaultyStorage();
  const errors: unknown[] = [];
  let running: RunningApp;

  beforeAll(async () => {
    running = await startApp(platform, {
      imports: [
        SessionsModule.forRoot({
          keys: generateSessionId(),
          sessions: [Needed, Nice, Sealed, InHeader],
          storage,
          storageTimeoutInMilliseconds: 100,
          onEvent: (event) => events.push(event),
        }),
      ],
      controllers: [AppController],
      prepare: (app) =>
        void app.useGlobalFilters({
          catch(error: unknown, host) {
            errors.push(error);
            const response = host.switchToHttp().getResponse<{ status(code: number): { send(body: unknown): void } }>();
            const { statusCode = 500 } = error as { statusCode?: number };
            response.status(statusCode).send({ statusCode });
          },
        }),
    });
  });
  afterAll(() => running.close());
  beforeEach(() => {
    storage.mode = 'well';
    events.length = 0;
    errors.length = 0;
  });

  const get = (path: string, cookie?: string) => ask(`${running.url}/${path}`, { cookie });
  const post = (path: string, cookie?: string) => ask(`${running.url}/${path}`, { cookie, method: 'POST' });
  const lastError = (): { code?: string; message: string; path?: string; fields?: unknown; size?: number } =>
    errors.at(-1) as never;

  describe.each(['failing', 'hanging'] as const)('a storage that is %s', (mode) => {
    // The breaker may be open from the previous case; a successful call after its pause closes it.
    const until = async (path: string, status: number): Promise<void> => {
      for (let tries = 0; tries < 100 && (await post(path)).status !== status; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };

    it('answers 503 with Retry-After if a session is needed, and does not affect other routes', async () => {
      await until('needed', 200);
      const cookie = (await post('needed')).cookie('needed');
      storage.mode = mode;
      const answer = await get('needed', cookie);
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(answer.setCookies).toEqual([]);
      expect(lastError().code).toBe('SESSION_STORAGE_UNAVAILABLE');
      expect(lastError().message).not.toContain('secret-host');
      expect((await get('none', cookie)).status).toBe(200);
      expect((await get('needed')).status).toBe(200);
      expect(events).toContainEqual(expect.objectContaining({ type: 'unavailable', operation: 'load' }));
    });

    it('answers 503 and no cookie when a new session cannot be written', async () => {
      storage.mode = 'well';
      await until('needed', 200);
      storage.mode = mode;
      const answer = await post('needed');
      expect(answer.status).toBe(503);
      expect(answer.setCookies).toEqual([]);
      expect(answer.headers.get('retry-after')).not.toBeNull();
    });

    it('clears the cookie at logout but answers 503, because the session may still exist', async () => {
      storage.mode = 'well';
      await until('needed', 200);
      const cookie = (await post('needed')).cookie('needed');
      storage.mode = mode;
      const answer = await post('needed/end', cookie);
      expect(answer.status).toBe(503);
      expect(answer.setCookie('needed')).toContain('Max-Age=0');
    });

    it('continues without a session with onUnavailable: anonymous, and refuses changes', async () => {
      storage.mode = 'well';
      await until('nice', 200);
      const cookie = (await post('nice')).cookie('nice');
      storage.mode = mode;
      for (const answer of [await get('nice', cookie), await post('nice', cookie)]) {
        expect(answer.setCookies).toEqual([]);
      }
      expect((await post('nice', cookie)).status).toBe(503);
    });
  });

  it('refuses a session that does not fit into its cookie, and names the largest fields without their contents', async () => {
    const answer = await get('large');
    expect([answer.status, answer.setCookies]).toEqual([500, []]);
    expect(lastError()).toMatchObject({ code: 'SESSION_TOO_LARGE', limit: 4096 });
    expect(lastError().message).toMatch(
      /^Session "sealed" has \d{4} bytes; the limit is 4096\. Its largest fields: text \(3002 bytes\), more \(502 bytes\)/,
    );
    expect(lastError().message).not.toContain('xxx');
  });

  it('refuses a session that does not fit into its header', async () => {
    const answer = await get('large-header');
    expect([answer.status, answer.headers.get('x-header')]).toEqual([500, null]);
    expect(lastError().code).toBe('SESSION_TOO_LARGE');
  });

  it.each([
    ['function', 'Sealed.anything[key][0]'],
    ['cycle', 'Sealed.anything[key]'],
  ])('refuses a %s with its path, and sends no cookie', async (path, where) => {
    const answer = await get(path);
    expect([answer.status, answer.setCookies]).toEqual([500, []]);
    expect(lastError()).toMatchObject({ code: 'SESSION_UNSERIALIZABLE', path: where });
  });

  it("refuses null and a value without a session class, with Ktor's message", async () => {
    await get('wrong/object');
    expect(lastError().message).toContain('Session data for type `class Object` was not registered');
    await get('null');
    expect(lastError().message).toContain('null cannot be cast to');
  });

  it('has no id for a by-value session', async () => {
    await get('id-of-value');
    expect(lastError().message).toContain("Provider sealed doesn't use session IDs");
  });
});
