import type { SessionEvent, SessionEventListener } from '../session/session-event.js';
import type { SessionStorage } from '../storage/session-storage.js';
import { measuredStorage } from './measured-storage.js';
import type { TelemetryMeter, TelemetryTracer } from './telemetry-api.js';

export interface SessionTelemetryOptions {
  /** `metrics.getMeter('nestjs-sessions')` of `@opentelemetry/api`. */
  readonly meter: TelemetryMeter;
  /** `trace.getTracer('nestjs-sessions')`, for a span per storage call. Default: no spans. */
  readonly tracer?: TelemetryTracer;
}

/** Never contains an id, key or value. */
export interface SessionTelemetry {
  /** For the option `onEvent`. */
  readonly onEvent: SessionEventListener;
  /**
   * Measures each call, and the live sessions if the storage has `count()` or `size`.
   * @param name in metrics, such as `redis`. Default: its class name.
   */
  storage<T extends SessionStorage>(storage: T, name?: string): T;
}

/** In seconds. */
const BUCKETS = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/**
 * ```ts
 * const telemetry = sessionTelemetry({ meter: metrics.getMeter('nestjs-sessions') });
 * SessionsModule.forRoot({ onEvent: telemetry.onEvent, storage: telemetry.storage(redis, 'redis') });
 * ```
 *
 * | Instrument | Kind | Attributes |
 * |---|---|---|
 * | `session.created` | counter | `session` |
 * | `session.ended` | counter | `session`, `reason`: `cleared`, `revoked` |
 * | `session.rejected` | counter | `session`, `reason` |
 * | `session.conflicts` | counter | `session` |
 * | `session.changes.dropped` | counter | `session`, `reason`: `ended`, `rotated`, `too-late` |
 * | `session.storage.failures` | counter | `session`, `operation` |
 * | `session.storage.duration` | histogram, s | `storage`, `operation`, `outcome`: `ok`, `error` |
 * | `session.live` | gauge | `storage` |
 */
export function sessionTelemetry({ meter, tracer }: SessionTelemetryOptions): SessionTelemetry {
  const created = meter.createCounter('session.created', { description: 'Sessions that began.' });
  const ended = meter.createCounter('session.ended', { description: 'Ended sessions.' });
  const rejected = meter.createCounter('session.rejected', { description: 'Rejected values of clients.' });
  const conflicts = meter.createCounter('session.conflicts', {
    description: 'Fields changed by parallel requests.',
  });
  const dropped = meter.createCounter('session.changes.dropped', { description: 'Lost changes.' });
  const failures = meter.createCounter('session.storage.failures', { description: 'Failed storage calls.' });
  const duration = meter.createHistogram('session.storage.duration', {
    description: 'Duration of storage calls.',
    unit: 's',
    advice: { explicitBucketBoundaries: BUCKETS },
  });
  const live = meter.createObservableGauge('session.live', { description: 'Sessions in a storage.' });

  const onEvent = (event: SessionEvent): void => {
    if (event.type === 'foreign-origin') return rejected.add(1, { reason: event.type });
    const { type, session } = event;
    if (type === 'created') created.add(1, { session });
    else if (type === 'cleared') ended.add(1, { session, reason: 'cleared' });
    else if (type === 'revoked') ended.add('count' in event ? event.count : 1, { session, reason: 'revoked' });
    else if (type === 'rejected') rejected.add(1, { session, reason: event.reason });
    else if (type === 'conflict') conflicts.add(1, { session });
    else if (type === 'gone') dropped.add(1, { session, reason: event.reason });
    else if (type === 'too-late') dropped.add(1, { session, reason: 'too-late' });
    else if (type === 'unavailable') failures.add(1, { session, operation: event.operation });
  };

  return {
    onEvent,
    storage(storage, name = storage.constructor.name) {
      const count = counterOf(storage);
      if (count) live.addCallback(async (result) => result.observe(await count(), { storage: name }));
      return measuredStorage(storage, {
        tracer,
        name,
        record: (seconds, operation, outcome) => duration.record(seconds, { storage: name, operation, outcome }),
      });
    },
  };
}

function counterOf(storage: SessionStorage): (() => number | Promise<number>) | undefined {
  const { count } = storage as { count?: unknown };
  if (typeof count === 'function') return () => count.call(storage) as Promise<number>;
  const hasSize = typeof (storage as { size?: unknown }).size === 'number';
  return hasSize ? () => (storage as unknown as { size: number }).size : undefined;
}
