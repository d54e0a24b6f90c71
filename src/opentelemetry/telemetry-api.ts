export type TelemetryAttributes = Record<string, string | number | boolean>;

/** The part of `Meter` of `@opentelemetry/api` that is used. */
export interface TelemetryMeter {
  createCounter(
    name: string,
    options?: { description?: string; unit?: string },
  ): { add(value: number, attributes?: TelemetryAttributes): void };
  createHistogram(
    name: string,
    options?: { description?: string; unit?: string; advice?: { explicitBucketBoundaries?: number[] } },
  ): { record(value: number, attributes?: TelemetryAttributes): void };
  createObservableGauge(
    name: string,
    options?: { description?: string; unit?: string },
  ): { addCallback(callback: (result: TelemetryObserver) => void | Promise<void>): void };
}

export interface TelemetryObserver {
  observe(value: number, attributes?: TelemetryAttributes): void;
}

/** Of `Tracer`. */
export interface TelemetryTracer {
  startSpan(name: string, options?: { kind?: number; attributes?: TelemetryAttributes }): TelemetrySpan;
}

/** Of `Span`. */
export interface TelemetrySpan {
  setAttribute(name: string, value: string): unknown;
  setStatus(status: { code: number }): unknown;
  end(): void;
}
