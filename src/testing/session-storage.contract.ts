import { deepEqual } from 'node:assert/strict';
import { ContractBench, type ContractCase, type StorageUnderTest } from './contract/contract-bench.js';
import { replaceCases, touchCases, touchVersionCases } from './contract/conditional-cases.js';
import { creatingCases, creatingClockCases, ownedTombstoneCases } from './contract/creating-cases.js';
import { faultCase, pingCases, sweepCases, sweepClockCases } from './contract/engine-cases.js';
import { manySessionsCase, ownerCases } from './contract/owner-cases.js';
import { racingCases, touchRacingCases } from './contract/racing-cases.js';
import { clockCases, readingCases } from './contract/reading-cases.js';

/** Optional capabilities of a storage. `replace` includes `create`. */
export type StorageCapability = 'replace' | 'touch' | 'owners' | 'sweep' | 'ping';

/** `it` of jest, vitest or node:test. */
export type DeclareTest = (name: string, test: () => Promise<void>) => unknown;

export type ContractRunner =
  DeclareTest | { readonly describe: (name: string, body: () => void) => unknown; readonly it: DeclareTest };

export interface SessionStorageContractOptions {
  /** For `describe`. Default `session storage contract`. */
  readonly name?: string;
  /** The storage must have exactly these. Default: all. */
  readonly capabilities?: readonly StorageCapability[];
  /** That the factory supports. Default: none. */
  readonly faults?: ReadonlyArray<'hang' | 'down'>;
  /** The factory returns `advance`. Default `false`. */
  readonly fakeClock?: boolean;
  /** Sessions in the case of one owner with many. Default 10,000. */
  readonly sessionsOfOneOwner?: number;
  /** Rounds of each case that runs two calls at the same time. Default 40. */
  readonly rounds?: number;
}

const CAPABILITIES: readonly StorageCapability[] = ['replace', 'touch', 'owners', 'sweep', 'ping'];

/**
 * Declares the tests that every session storage must pass.
 *
 * ```ts
 * sessionStorageContract({ describe, it }, () => ({ a: new MyStorage() }), { capabilities: ['replace', 'touch'] });
 * ```
 * @param factory called before each case.
 * @returns the number of declared tests.
 */
export function sessionStorageContract(
  runner: ContractRunner,
  factory: () => StorageUnderTest | Promise<StorageUnderTest>,
  options: SessionStorageContractOptions = {},
): number {
  const cases = casesOf(options);
  const declare = (it: DeclareTest): void => {
    for (const { name, test } of cases) {
      it(name, async () => {
        const storage = await factory();
        try {
          await test(new ContractBench(storage, options.rounds ?? 40));
        } finally {
          await storage.close?.();
        }
      });
    }
  };
  if (typeof runner === 'function') declare(runner);
  else runner.describe(options.name ?? 'session storage contract', () => declare(runner.it));
  return cases.length;
}

function casesOf(options: SessionStorageContractOptions): readonly ContractCase[] {
  const capabilities = options.capabilities ?? CAPABILITIES;
  const has = (capability: StorageCapability): boolean => capabilities.includes(capability);
  return [
    capabilityCase(capabilities),
    ...readingCases,
    ...(options.fakeClock ? clockCases : []),
    ...(has('replace') ? [...creatingCases, ...replaceCases, ...racingCases] : []),
    ...(has('replace') && has('owners') ? ownedTombstoneCases : []),
    ...(has('replace') && options.fakeClock ? creatingClockCases : []),
    ...(has('touch') ? touchCases : []),
    ...(has('touch') && has('replace') ? [...touchVersionCases, ...touchRacingCases] : []),
    ...(has('owners') ? [...ownerCases, manySessionsCase(options.sessionsOfOneOwner ?? 10_000)] : []),
    ...(has('sweep') ? sweepCases : []),
    ...(has('sweep') && options.fakeClock ? sweepClockCases : []),
    ...(has('ping') ? pingCases : []),
    ...(options.faults ?? []).map(faultCase),
  ];
}

function capabilityCase(expected: readonly StorageCapability[]): ContractCase {
  return {
    name: `has the declared capabilities: read, write, invalidate${expected.map((name) => `, ${name}`).join('')}`,
    async test({ a, b }) {
      for (const storage of [a, b]) {
        const present = CAPABILITIES.filter((name) => storage[name] !== undefined);
        deepEqual(
          present,
          CAPABILITIES.filter((name) => expected.includes(name)),
        );
      }
    },
  };
}
