import { isReading, type CallOutcome } from './call-outcome.js';

export interface WaitingCall {
  readonly name: string;
  readonly operation: string;
  readonly id: string | undefined;
  readonly answer: () => Promise<void>;
  /** Runs the call without an answer. */
  readonly run: () => Promise<unknown>;
  readonly fail: (error: Error) => void;
}

export interface Step {
  readonly index: number;
  readonly call: WaitingCall;
  /** Absent: an earlier call takes effect now. */
  readonly outcome?: CallOutcome;
}

const WITHOUT_EFFECT: ReadonlySet<CallOutcome> = new Set(['refused', 'late', 'death']);

export function isSameStep(one: Step, other: Step): boolean {
  return one.call === other.call && one.outcome === other.outcome;
}

export function readsOnly(one: Step, other: Step): boolean {
  return one.index !== other.index && isAnsweredRead(one) && isAnsweredRead(other);
}

/** Whether two steps give the same in either order. Two failures may not: the number of faults is limited. */
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
