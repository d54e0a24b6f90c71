import { errorKind } from '../errors/error-kind.js';
import type { SessionStorage } from '../storage/session-storage.js';
import type { TelemetryTracer } from './telemetry-api.js';

interface StorageMeasures {
  readonly name: string;
  readonly tracer: TelemetryTracer | undefined;
  record(this: void, seconds: number, operation: string, outcome: 'ok' | 'error'): void;
}

interface Operation {
  readonly name: string;
  readonly takesId: boolean;
}

const OF_ONE: ReadonlyArray<readonly [string, string]> = [
  ['read', 'load'],
  ['write', 'store'],
  ['create', 'store'],
  ['replace', 'store'],
  ['touch', 'renew'],
  ['invalidate', 'end'],
];
const OF_MANY: ReadonlyArray<readonly [string, string]> = [
  ['readMany', 'load'],
  ['list', 'list'],
  ['invalidateAll', 'end'],
  ['sweep', 'sweep'],
];

const OPERATIONS: ReadonlyMap<PropertyKey, Operation> = new Map<PropertyKey, Operation>([
  ...OF_ONE.map(([call, name]) => [call, { name, takesId: true }] as const),
  ...OF_MANY.map(([call, name]) => [call, { name, takesId: false }] as const),
]);

const CLIENT = 2;
const ERROR = 2;
/** SHA-256 in base64url. */
const HANDLE = /^[\w-]{43}$/;

type Call = (...args: readonly unknown[]) => unknown;

export function measuredStorage<T extends SessionStorage>(storage: T, measures: StorageMeasures): T {
  return measured(storage, measures) as T;
}

function measured(target: object, measures: StorageMeasures): object {
  const known = new Map<PropertyKey, unknown>();
  return new Proxy(target, {
    get(_target, key) {
      if (known.has(key)) return known.get(key);
      const member: unknown = Reflect.get(target, key, target);
      if (key === 'owners' && typeof member === 'object' && member !== null) {
        known.set(key, measured(member, measures));
        return known.get(key);
      }
      if (typeof member !== 'function' || key === 'constructor') return member;
      const call = member.bind(target) as Call;
      const operation = OPERATIONS.get(key);
      known.set(key, operation === undefined ? call : measuredCall(call, operation, measures));
      return known.get(key);
    },
  });
}

function measuredCall(call: Call, operation: Operation, { name, tracer, record }: StorageMeasures): Call {
  return async (...args) => {
    const span = tracer?.startSpan(`session.${operation.name}`, {
      kind: CLIENT,
      attributes: { 'session.storage': name, ...handleIn(operation, args[0]) },
    });
    const start = performance.now();
    let outcome: 'ok' | 'error' = 'error';
    try {
      const result = await call(...args);
      outcome = 'ok';
      return result;
    } catch (error) {
      // The message may quote a session.
      span?.setAttribute('error.type', errorKind(error));
      span?.setStatus({ code: ERROR });
      throw error;
    } finally {
      record((performance.now() - start) / 1000, operation.name, outcome);
      span?.end();
    }
  };
}

function handleIn({ takesId }: Operation, argument: unknown): { 'session.id'?: string } {
  return takesId && typeof argument === 'string' && HANDLE.test(argument) ? { 'session.id': argument } : {};
}
