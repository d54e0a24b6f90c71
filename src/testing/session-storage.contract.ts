import { deepEqual } from 'node:assert/strict';
import { ContractBench, type ContractCase, type StorageUnderTest } from './contract/contract-bench.js';
import { replaceCases, touchCases, touchVersionCases } from './contract/conditional-cases.js';
import { creatingCases, creatingClockCases, ownedTombstoneCases } from './contract/creating-cases.js';
import { faultCase, pingCases, sweepCases, sweepClockCases } from './contract/engine-cases.js';
import { manySessionsCase, ownerCases } from './contract/owner-cases.js';
import { racingCases, touchRacingCases } from './contract/racing-cases.js';
import { clockCases, readingCases } from './contract/reading-cases.js';

/** What a storage may be able to do beyond read, write and invalidate. `replace` stands for `create` too. */
export type StorageCapability = 'replace' | 'touch' | 'owners' | 'sweep' | 'ping';

/** Declares one test: `it` of jest, vitest or node:test. */
export type DeclareTest = (name: string, test: () => Promise<void>) => unknown;

/** `it` alone, or `describe` and `it` together. */
export type ContractRunner =
  DeclareTest | { readonly describe: (name: string, body: () => void) => unknown; readonly it: DeclareTest };

export interface SessionStorageContractOptions {
  /** What `describe` is called with. Default `session storage contract`. */
  readonly name?: string;
  /**
   * What the storage can do; a case makes sure that it has just these members. Cases of the others are not declared.
   * Default: all.
   */
  readonly capabilities?: readonly StorageCapability[];
  /** Faults that the factory can cause by its `faults`. Default: none. */
  readonly faults?: ReadonlyArray<'hang' | 'down'>;
  /** The factory gives `advance`: cases that need a clock which moves are declared too. Default `false`. */
  readonly fakeClock?: boolean;
  /** How many sessions one owner has in the case of many. Default 10,000; fewer where writing is slow. */
  readonly sessionsOfOneOwner?: number;
}

const CAPABILITIES: readonly StorageCapability[] = ['replace', 'touch', 'owners', 'sweep', 'ping'];

/**
 * Declares the tests that every session storage passes, ours and other people's. Needs no test runner of its own:
 *
 * ```ts
 * import { describe, it } from 'node:test';
 * sessionStorageContract({ describe, it }, async () => ({ a: new MyStorage() }), { capabilities: ['replace', 'touch'] });
 * ```
 *
 * @param factory called before each case; gives storages that hold nothing a case could stumble over.
 * @returns how many tests were declared.
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
          await test(new ContractBench(storage));
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
    name: `can do what it says: read, write, invalidate${expected.map((name) => `, ${name}`).join('')}`,
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
