import { isReading, type CallOutcome } from './call-outcome.js';

/** A call of a storage that waits for its turn. */
export interface WaitingCall {
  /** As the order shows it. */
  readonly name: string;
  readonly operation: string;
  /** The session that it is about, where it is about one only. */
  readonly id: string | undefined;
  /** Runs the call and hands the request its answer. */
  readonly answer: () => Promise<void>;
  /** Runs the call; nobody gets its answer. */
  readonly run: () => Promise<unknown>;
  readonly fail: (error: Error) => void;
}

/** What can be the next step of an order. */
export interface Step {
  /** Of the request. */
  readonly index: number;
  readonly call: WaitingCall;
  /** Absent: the call was made before and takes effect now. */
  readonly outcome?: CallOutcome;
}

const WITHOUT_EFFECT: ReadonlySet<CallOutcome> = new Set(['refused', 'late', 'death']);

export function isSameStep(one: Step, other: Step): boolean {
  return one.call === other.call && one.outcome === other.outcome;
}

/** Whether both are answered reads of different requests. */
export function readsOnly(one: Step, other: Step): boolean {
  return one.index !== other.index && isAnsweredRead(one) && isAnsweredRead(other);
}

/**
 * Whether two steps of different requests give the same in either order: one of them has no effect, both read, or they
 * are about different sessions. Two failures are not: one may be the last that an order has.
 */
export function areIndependent(one: Step, other: Step): boolean {
  if (one.index === other.index || (fails(one) && fails(other))) return false;
  if (isWithoutEffect(one) || isWithoutEffect(other)) return true;
  const [{ call }, { call: next }] = [one, other];
  if (isReading(call.operation) && isReading(next.operation)) return true;
  return call.id !== undefined && next.id !== undefined && call.id !== next.id;
}

function isAnsweredRead({ call, outcome }: Step): boolean {
  return outcome === 'success' && isReading(call.operation);
}

function fails({ outcome }: Step): boolean {
  return outcome !== undefined && outcome !== 'success';
}

function isWithoutEffect({ outcome }: Step): boolean {
  return outcome !== undefined && WITHOUT_EFFECT.has(outcome);
}
