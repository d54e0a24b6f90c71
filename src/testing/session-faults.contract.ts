import type { Faults } from './interleavings/call-outcome.js';
import type { OpenedStorage } from './interleavings/explore-interleavings.js';
import { exploreSessionRequests } from './interleavings/explore-session-requests.js';
import type { RequestKind, SessionAlgorithm } from './interleavings/session-algorithm.js';
import { trackerAlgorithm } from './interleavings/tracker-algorithm.js';
import type { ContractRunner, DeclareTest } from './session-storage.contract.js';

export interface SessionFaultsContractOptions {
  /** For `describe`. Default `sessions under faults`. */
  readonly name?: string;
  /** Maximum number of concurrent requests. Default 2; 1 is quick over a network. */
  readonly atOnce?: 1 | 2 | 3;
  /** Which calls fail, and how. Default: one per order, in every way. */
  readonly faults?: Faults;
  /** Default: as in applications. */
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
      'change logout',
      'touch logout',
      'change revoke',
      'login revoke',
      'logout login',
      'change touch revoke',
    ],
  },
  {
    name: 'promise 2: a logout succeeds if the storage can delete',
    requests: ['logout', 'read logout', 'logout logout'],
  },
  {
    name: 'promise 3: a failed login keeps the previous session',
    requests: ['login', 'rotate', 'read login', 'change login', 'touch rotate'],
  },
  {
    name: 'promise 4: a successful change is stored',
    requests: ['change', 'change change', 'change touch', 'change rotate', 'change login', 'change change revoke'],
  },
  {
    name: "promise 5: the owner's list contains every usable session",
    requests: ['touch', 'login', 'touch revoke', 'touch login', 'rotate revoke', 'change login revoke'],
  },
  {
    name: 'promise 6: no response changes the cookie of another session',
    requests: ['change', 'touch', 'change logout', 'read rotate', 'touch rotate'],
  },
];

/**
 * Declares one test per promise that sessions keep under faults. Each runs logins, logouts, changes, renewals and
 * revocations of one session in every order of storage calls, with one failing call, in every way of {@link
 * CallOutcome}. The storage needs `replace`, `touch` and `owners`.
 *
 * ```ts
 * import { describe, it } from 'node:test';
 * sessionFaultsContract({ describe, it }, () => ({ storage: new MyStorage() }), { atOnce: 1 });
 * ```
 *
 * @param open called before each order; may return the same storage, because each order begins its own session.
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
  { atOnce = 2, faults = { count: 1 }, algorithm = trackerAlgorithm }: SessionFaultsContractOptions,
): Promise<void> {
  for (const each of all) {
    const requests = each.split(' ') as RequestKind[];
    if (requests.length > atOnce) continue;
    try {
      await exploreSessionRequests({ open, requests, faults, algorithm });
    } catch (error) {
      throw new Error(`${requests.join(', ')}: ${(error as Error).message}`, { cause: error });
    }
  }
}
