/** Attributes of a measurement or span. */
export type TelemetryAttributes = Record<string, string | number | boolean>;

/** The used part of `Meter` of `@opentelemetry/api`. */
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

/** The argument of an observable gauge's callback. */
export interface TelemetryObserver {
  observe(value: number, attributes?: TelemetryAttributes): void;
}

/** The used part of `Tracer` of `@opentelemetry/api`. */
export interface TelemetryTracer {
  startSpan(name: string, options?: { kind?: number; attributes?: TelemetryAttributes }): TelemetrySpan;
}

/** The used part of `Span`. */
export interface TelemetrySpan {
  setAttribute(name: string, value: string): unknown;
  setStatus(status: { code: number }): unknown;
  end(): void;
}
