export { sessionTelemetry, type SessionTelemetry, type SessionTelemetryOptions } from './session-telemetry.js';
export type {
  TelemetryAttributes,
  TelemetryMeter,
  TelemetryObserver,
  TelemetrySpan,
  TelemetryTracer,
} from './telemetry-api.js';
