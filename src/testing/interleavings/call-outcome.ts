import { SessionStorageUnavailableError } from '../../errors/session.errors.js';

/**
 * Result of a storage call. `refused`: no effect, fails. `lost`: takes effect, fails. `twice`: as `lost`, and the
 * client resends it at a later step, which answers. `late`: fails by timeout, takes effect at a later step. `death`:
 * the process of the request dies before the call.
 */
export type CallOutcome = 'success' | 'refused' | 'lost' | 'twice' | 'late' | 'death';

export interface Faults {
  /** Maximum number of failing calls per order. */
  readonly count: number;
  /** Default: all. */
  readonly outcomes?: readonly CallOutcome[];
}

export class ProcessDied extends Error {
  constructor() {
    super('The process of this request died.');
  }
}

const READS: ReadonlySet<string> = new Set(['read', 'readMany', 'list', 'ping']);
const OF_READS: readonly CallOutcome[] = ['refused', 'death'];
const OF_WRITES: readonly CallOutcome[] = ['refused', 'lost', 'twice', 'late', 'death'];

export function isReading(name: string): boolean {
  return READS.has(name);
}

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
