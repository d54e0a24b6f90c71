import { context, metrics as api, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { SessionStorageMemory, type SessionStorage } from 'nestjs-sessions';
import { sessionTelemetry } from 'nestjs-sessions/opentelemetry';

const ID = 'A'.repeat(43);
const stored = { value: 'content', expiresAt: 9_999_999_999_999 };

/** The SDK, with everything that it exports kept in memory. */
function collecting() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 });
  const meters = new MeterProvider({ readers: [reader] });
  const spanExporter = new InMemorySpanExporter();
  const tracers = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spanExporter)] });
  const points = async () => {
    await reader.forceFlush();
    const all =
      exporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
    return Object.fromEntries(
      all.map(({ descriptor, dataPoints }) => [
        descriptor.name,
        dataPoints.map(({ attributes, value }) => ({
          ...attributes,
          value: typeof value === 'number' ? value : value.count,
        })),
      ]),
    );
  };
  return {
    meter: meters.getMeter('test'),
    tracer: tracers.getTracer('test'),
    points,
    spans: () => spanExporter.getFinishedSpans(),
    shutdown: () => Promise.all([meters.shutdown(), tracers.shutdown()]),
  };
}

describe('sessionTelemetry', () => {
  let collected: ReturnType<typeof collecting>;

  beforeEach(() => {
    collected = collecting();
  });

  afterEach(() => collected.shutdown());

  it('counts what happens to sessions, by reason', async () => {
    const { onEvent } = sessionTelemetry({ meter: collected.meter });
    onEvent({ type: 'created', session: 'account', handle: 'abc' });
    onEvent({ type: 'created', session: 'account' });
    onEvent({ type: 'cleared', session: 'account' });
    onEvent({ type: 'revoked', session: 'account', count: 3, handles: [] });
    onEvent({ type: 'rejected', session: 'account', reason: 'tampered' });
    onEvent({ type: 'conflict', session: 'account', fields: ['items'] });
    onEvent({ type: 'gone', session: 'account', reason: 'ended' });
    onEvent({ type: 'too-late', session: 'account' });
    onEvent({
      type: 'unavailable',
      session: 'account',
      reason: 'storage-down',
      operation: 'load',
      error: new Error('x'),
    });
    onEvent({ type: 'loaded', session: 'account' });
    const session = 'account';
    expect(await collected.points()).toEqual({
      'session.created': [{ session, value: 2 }],
      'session.ended': [
        { session, reason: 'cleared', value: 1 },
        { session, reason: 'revoked', value: 3 },
      ],
      'session.rejected': [{ session, reason: 'tampered', value: 1 }],
      'session.conflicts': [{ session, value: 1 }],
      'session.changes.dropped': [
        { session, reason: 'ended', value: 1 },
        { session, reason: 'too-late', value: 1 },
      ],
      'session.storage.failures': [{ session, operation: 'load', value: 1 }],
    });
  });

  it('measures each call of a storage and counts its live sessions', async () => {
    const telemetry = sessionTelemetry({ meter: collected.meter });
    const storage = telemetry.storage(new SessionStorageMemory(), 'memory');
    await storage.write(ID, { ...stored, owner: 'ada' });
    await storage.read(ID);
    await storage.touch(ID, stored.expiresAt);
    await storage.owners.list('ada');
    const points = await collected.points();
    expect(points['session.storage.duration']).toEqual([
      { storage: 'memory', operation: 'store', outcome: 'ok', value: 1 },
      { storage: 'memory', operation: 'load', outcome: 'ok', value: 1 },
      { storage: 'memory', operation: 'renew', outcome: 'ok', value: 1 },
      { storage: 'memory', operation: 'list', outcome: 'ok', value: 1 },
    ]);
    expect(points['session.live']).toEqual([{ storage: 'memory', value: 1 }]);
    expect(collected.spans()).toEqual([]);
  });

  it('keeps the capabilities of the storage, its class and its answers', async () => {
    const plain = new SessionStorageMemory();
    const measured = sessionTelemetry({ meter: collected.meter }).storage(plain);
    expect(measured).toBeInstanceOf(SessionStorageMemory);
    expect(measured.constructor.name).toBe('SessionStorageMemory');
    const bare = { read: async () => undefined, write: async () => undefined, invalidate: async () => true };
    const few: SessionStorage = sessionTelemetry({ meter: collected.meter }).storage(bare);
    expect([few.replace, few.touch, few.owners, 'replace' in few]).toEqual([undefined, undefined, undefined, false]);
    expect(await few.invalidate(ID)).toBe(true);
  });

  it('writes a span with the public handle for each call where a tracer is given, a child of the active one', async () => {
    const { storage } = sessionTelemetry({ meter: collected.meter, tracer: collected.tracer });
    const memory = storage(new SessionStorageMemory(), 'memory');
    await memory.read(ID);
    await memory.owners.invalidateAll(ID);
    expect(collected.spans().map(({ name, attributes, kind }) => ({ name, attributes, kind }))).toEqual([
      { name: 'session.load', attributes: { 'session.storage': 'memory', 'session.id': ID }, kind: 2 },
      { name: 'session.end', attributes: { 'session.storage': 'memory' }, kind: 2 },
    ]);
  });

  it('reports a failure by its kind, never by its message', async () => {
    const { storage } = sessionTelemetry({ meter: collected.meter, tracer: collected.tracer });
    const failing = storage(
      {
        read: (_id: string) =>
          Promise.reject(Object.assign(new TypeError('value secret-content'), { code: 'ECONNRESET' })),
        write: async () => undefined,
        invalidate: async () => undefined,
      },
      'broken',
    );
    await expect(failing.read(ID)).rejects.toThrow('secret-content');
    const [span] = collected.spans();
    expect(span).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'TypeError ECONNRESET' } });
    expect(span!.events).toEqual([]);
    expect((await collected.points())['session.storage.duration']).toEqual([
      { storage: 'broken', operation: 'load', outcome: 'error', value: 1 },
    ]);
  });

  it('takes the meter and tracer of @opentelemetry/api, where no SDK is installed, too', async () => {
    const telemetry = sessionTelemetry({ meter: api.getMeter('x'), tracer: trace.getTracer('x') });
    telemetry.onEvent({ type: 'created', session: 'account' });
    const read = (): Promise<unknown> => telemetry.storage(new SessionStorageMemory()).read(ID);
    expect(await context.with(context.active(), read)).toBeUndefined();
  });
});
