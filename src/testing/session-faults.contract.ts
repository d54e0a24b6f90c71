import type { Faults } from './interleavings/call-outcome.js';
import type { OpenedStorage, OrderSample } from './interleavings/explore-interleavings.js';
import { exploreSessionRequests } from './interleavings/explore-session-requests.js';
import type { RequestKind, SessionAlgorithm } from './interleavings/session-algorithm.js';
import { trackerAlgorithm } from './interleavings/tracker-algorithm.js';
import type { ContractRunner, DeclareTest } from './session-storage.contract.js';

export interface SessionFaultsContractOptions {
  /** For `describe`. Default `sessions under faults`. */
  readonly name?: string;
  /** Maximum number of concurrent requests. Default 2. */
  readonly atOnce?: 1 | 2 | 3;
  /** Default: one call per order, in every way. */
  readonly faults?: Faults;
  /** Default: all orders. */
  readonly sample?: OrderSample;
  /** Default: the tracker of `SessionsModule`. */
  readonly algorithm?: SessionAlgorithm;
}

interface FaultCase {
  readonly name: string;
  readonly requests: readonly string[];
}

const CASES: readonly FaultCase[] = [
  {
    name: 'promise 1: a successful logout or revocation is final',
    requests: [
      'logout',
      'revoke',
      'revoke-all',
      'revoke-one',
      'change logout',
      'touch logout',
      'change revoke',
      'change revoke-all',
      'login revoke',
      'logout login',
      'touch revoke-one',
      'rotate revoke-one',
      'change touch revoke',
      'change touch logout',
    ],
  },
  {
    name: 'promise 2: a logout succeeds if the storage can delete',
    requests: ['logout', 'read logout', 'logout logout', 'change change logout'],
  },
  {
    name: 'promise 3: a failed login keeps the previous session, and no session without a cookie outlives a minute',
    requests: ['login', 'rotate', 'limit', 'read login', 'change login', 'touch rotate', 'change touch login'],
  },
  {
    name: 'promise 4: a successful change is stored, and a change that was reported as dropped is not',
    requests: ['change', 'change change', 'change touch', 'change rotate', 'change login', 'change change revoke'],
  },
  {
    name: "promise 5: the owner's list, revocations and maxPerOwner include every usable session",
    requests: [
      'touch',
      'login',
      'limit',
      'touch revoke',
      'touch login',
      'rotate revoke',
      'rotate revoke-all',
      'change limit',
      'change login revoke',
      'touch rotate login',
    ],
  },
  {
    name: 'promise 6: no response changes the cookie of another session',
    requests: ['change', 'touch', 'change logout', 'read rotate', 'touch rotate', 'change rotate revoke'],
  },
];

/**
 * Declares one test per promise that sessions keep under faults, see docs/your-own-parts.md. The storage needs
 * `replace`, `touch` and `owners`.
 *
 * ```ts
 * sessionFaultsContract({ describe, it }, () => ({ storage: new MyStorage() }), { atOnce: 1 });
 * ```
 * @param open called before each order; may return the same storage.
 * @returns the number of declared tests.
 */
export function sessionFaultsContract(
  runner: ContractRunner,
  open: () => OpenedStorage | Promise<OpenedStorage>,
  options: SessionFaultsContractOptions = {},
): number {
  const declare = (it: DeclareTest): void => {
    for (const { name, requests } of CASES) it(name, () => explore(requests, open, options));
  };
  if (typeof runner === 'function') declare(runner);
  else runner.describe(options.name ?? 'sessions under faults', () => declare(runner.it));
  return CASES.length;
}

async function explore(
  all: readonly string[],
  open: () => OpenedStorage | Promise<OpenedStorage>,
  { atOnce = 2, faults = { count: 1 }, algorithm = trackerAlgorithm, sample }: SessionFaultsContractOptions,
): Promise<void> {
  for (const each of all) {
    const requests = each.split(' ') as RequestKind[];
    if (requests.length > atOnce) continue;
    try {
      await exploreSessionRequests({ open, requests, faults, algorithm, ...(sample && { sample }) });
    } catch (error) {
      throw new Error(`${requests.join(', ')}: ${(error as Error).message}`, { cause: error });
    }
  }
}
