import { SessionStorageUnavailableError } from '../../errors/session.errors.js';

/**
 * How one call of a storage may end.
 *
 * - `success`: it takes effect and is answered.
 * - `refused`: it does nothing and fails.
 * - `lost`: it takes effect and fails, since its answer got lost.
 * - `twice`: it takes effect, its answer gets lost, and the client sends it again at some later step. That one is answered.
 * - `late`: it fails, since its deadline passes, and takes effect at some later step.
 * - `death`: the process of the request dies before the call.
 */
export type CallOutcome = 'success' | 'refused' | 'lost' | 'twice' | 'late' | 'death';

/** Which calls of an order may end otherwise than by success. */
export interface Faults {
  /** How many of an order's calls at most. */
  readonly count: number;
  /** Default: all. */
  readonly outcomes?: readonly CallOutcome[];
}

/** Ends a request whose process died: nobody gets an answer. */
export class ProcessDied extends Error {
  constructor() {
    super('The process of this request died.');
  }
}

const READS: ReadonlySet<string> = new Set(['read', 'readMany', 'list', 'ping']);
const OF_READS: readonly CallOutcome[] = ['refused', 'death'];
const OF_WRITES: readonly CallOutcome[] = ['refused', 'lost', 'twice', 'late', 'death'];

/** Whether the call of this name leaves the storage as it is. */
export function isReading(name: string): boolean {
  return READS.has(name);
}

/** Ways in which the call of this name can fail. Those of a read that leave the same behind are one. */
export function outcomesOf(name: string, faults: Faults | undefined): readonly CallOutcome[] {
  if (!faults) return [];
  const all = isReading(name) ? OF_READS : OF_WRITES;
  return faults.outcomes ? all.filter((outcome) => faults.outcomes!.includes(outcome)) : all;
}

interface FailingCall {
  readonly answer: () => Promise<void>;
  readonly run: () => Promise<unknown>;
  readonly fail: (error: Error) => void;
}

/** Lets a call end as `outcome` says. @returns what is left to happen at a later step. */
export async function followUpOf(
  outcome: CallOutcome,
  call: FailingCall,
): Promise<{ readonly name: string; readonly run: () => Promise<unknown> } | undefined> {
  switch (outcome) {
    case 'success':
      await call.answer();
      return undefined;
    case 'refused':
      call.fail(new SessionStorageUnavailableError('The storage refused.'));
      return undefined;
    case 'lost':
      await call.run();
      call.fail(new SessionStorageUnavailableError('The answer got lost.'));
      return undefined;
    case 'twice':
      await call.run();
      return { name: 'sent again', run: call.answer };
    case 'late':
      call.fail(new SessionStorageUnavailableError('The storage did not answer in time.'));
      return { name: 'late', run: call.run };
    case 'death':
      return undefined;
  }
}
