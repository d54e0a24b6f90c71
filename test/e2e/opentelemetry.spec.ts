import { Body, Controller, Get, Post, type LoggerService } from '@nestjs/common';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import {
  CurrentSession,
  Session,
  SessionOwner,
  Sessions,
  SessionsModule,
  SessionsService,
  SessionStorageMemory,
  type RequestSessions,
} from 'nestjs-sessions';
import { sessionTelemetry } from 'nestjs-sessions/opentelemetry';
import { inspect } from 'node:util';
import { ask } from '../support/client.js';
import { platforms, startApp } from '../support/platforms.js';

@Session('account', { tracker: 'by-id' })
class AccountSession {
  @SessionOwner() userId?: string;
  note = '';
}

@Session('settings')
class SettingsSession {
  theme = 'light';
}

@Controller()
class AccountController {
  constructor(private readonly service: SessionsService) {}

  @Post('login')
  login(@Body() body: { name: string; note: string }, @CurrentSession() session: AccountSession): void {
    session.userId = body.name;
    session.note = body.note;
  }

  @Post('theme')
  theme(@Body('theme') theme: string, @CurrentSession() session: SettingsSession): void {
    session.theme = theme;
  }

  @Get()
  show(@CurrentSession({ required: true }) session: AccountSession): string {
    return session.note;
  }

  @Post('logout')
  logout(@Sessions() sessions: RequestSessions): void {
    sessions.clear(AccountSession);
  }

  @Post('everywhere')
  async everywhere(@Body('name') name: string): Promise<void> {
    await this.service.revokeAll(AccountSession, name);
  }
}

/** All output of the application and its process, including debug messages. */
function collectOutput(): { readonly lines: string[]; readonly logger: LoggerService; stop(): void } {
  const lines: string[] = [];
  const add = (...parts: unknown[]): void => void lines.push(inspect(parts, { depth: 20, maxStringLength: null }));
  const streams = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write.bind(stream) }));
  for (const { stream, write } of streams) {
    stream.write = (chunk: string, ...rest: never[]) => {
      lines.push(chunk);
      return write(chunk, ...rest);
    };
  }
  return {
    lines,
    logger: { log: add, error: add, warn: add, debug: add, verbose: add },
    stop: () => {
      for (const { stream, write } of streams) stream.write = write;
    },
  };
}

describe.each(platforms)('OpenTelemetry for sessions on $name', (platform) => {
  const KEY = 'b1u8W2mZ5xQkYt0nRj7LcVhS4eAoFg9iDpXy6NqTUKw';

  it('reports counters, durations, live sessions and spans of a whole visit, without an id, key or value', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
    const meters = new MeterProvider({ readers: [reader] });
    const spans = new InMemorySpanExporter();
    const tracers = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
    const telemetry = sessionTelemetry({ meter: meters.getMeter('app'), tracer: tracers.getTracer('app') });
    const printed = collectOutput();
    const running = await startApp(platform, {
      prepare: (app) => app.useLogger(printed.logger),
      imports: [
        SessionsModule.forRoot({
          keys: KEY,
          sessions: [AccountSession, SettingsSession],
          storage: telemetry.storage(new SessionStorageMemory(), 'memory'),
          onEvent: telemetry.onEvent,
        }),
      ],
      controllers: [AccountController],
    });
    const post = (path: string, body: object, cookie?: string) =>
      ask(running.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        cookie,
      });
    try {
      const secrets = ['owner-ada-4711', 'note-of-ada-4711', 'theme-dark-4711', KEY, 'forged-value-4711'];
      const first = (await post('/login', { name: secrets[0], note: secrets[1] })).cookie('account');
      const second = (await post('/login', { name: secrets[0], note: secrets[1] })).cookie('account');
      const settings = (await post('/theme', { theme: secrets[2] })).cookie('settings');
      expect((await ask(running.url, { cookie: first })).text).toBe(secrets[1]);
      await ask(running.url, { cookie: `account=${secrets[4]}` });
      await post('/theme', { theme: 'x' }, `settings=${secrets[4]}`);
      await post('/logout', {}, first);
      await post('/everywhere', { name: secrets[0] });
      await reader.forceFlush();

      const metrics = exporter
        .getMetrics()
        .at(-1)!
        .scopeMetrics.flatMap((scope) => scope.metrics);
      const values = (name: string): unknown[] =>
        metrics
          .find(({ descriptor }) => descriptor.name === name)!
          .dataPoints.map(({ attributes, value }) => ({ ...attributes, value }));
      expect(values('session.created')).toEqual([
        { session: 'account', value: 2 },
        { session: 'settings', value: 2 },
      ]);
      expect(values('session.ended')).toEqual([
        { session: 'account', reason: 'cleared', value: 1 },
        { session: 'account', reason: 'revoked', value: 1 },
      ]);
      expect(values('session.rejected')).toEqual([
        { session: 'account', reason: 'unknown-id', value: 1 },
        { session: 'settings', reason: expect.any(String), value: 1 },
      ]);
      expect(values('session.live')).toEqual([{ storage: 'memory', value: expect.any(Number) }]);
      expect(values('session.storage.duration').length).toBeGreaterThanOrEqual(3);

      const finished = spans.getFinishedSpans();
      const load = finished.find(({ name, attributes }) => name === 'session.load' && attributes['session.id']);
      expect(load?.attributes['session.id']).toMatch(/^[\w-]{43}$/);

      const output = inspect(
        [
          printed.lines,
          metrics,
          finished.map(({ name, attributes, events, status }) => ({ name, attributes, events, status })),
        ],
        {
          depth: 20,
          maxArrayLength: null,
          maxStringLength: null,
        },
      );
      expect(output.length).toBeGreaterThan(1000);
      expect(printed.lines.join('\n')).toContain('was rejected (unknown-id)');
      for (const cookie of [first, second, settings]) secrets.push(cookie.split('=')[1]!);
      for (const secret of secrets) expect(output).not.toContain(secret);
    } finally {
      printed.stop();
      await running.close();
      await Promise.all([meters.shutdown(), tracers.shutdown()]);
    }
  });
});
