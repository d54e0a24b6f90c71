import { equal, ok, rejects } from 'node:assert/strict';
import { SessionStorageUnavailableError } from '../../errors/session.errors.js';
import type { ContractBench, ContractCase, StorageFaults } from './contract-bench.js';

const LONG_AFTER = 3_600_000;

export const sweepCases: readonly ContractCase[] = [
  {
    name: 'sweeps expired sessions and leaves live ones',
    async test(bench) {
      const live = await bench.stored('v', { expiresAt: bench.now() + 2 * LONG_AFTER });
      for (let index = 0; index < 5; index++) await bench.stored('v', { expiresAt: bench.now() + bench.shortly });
      await bench.pass(bench.storage.advance ? LONG_AFTER : bench.shortly + 1);
      const swept = await bench.a.sweep!();
      // In real time, an engine may delay removals.
      if (bench.storage.advance) equal(swept, 5);
      ok(Number.isInteger(swept) && swept >= 0);
      await bench.present(live);
    },
  },
  {
    name: 'sweeps at most the given limit',
    async test(bench) {
      for (let index = 0; index < 10; index++) await bench.stored('v', { expiresAt: bench.now() + bench.shortly });
      await bench.pass(bench.storage.advance ? LONG_AFTER : bench.shortly + 1);
      let [total, swept] = [0, await bench.a.sweep!(4)];
      for (; swept > 0; swept = await bench.a.sweep!(4)) {
        ok(swept <= 4);
        total += swept;
      }
      if (bench.storage.advance) equal(total, 10);
    },
  },
];

export const sweepClockCases: readonly ContractCase[] = [
  {
    name: 'sweeps sessions that expired after a fast clock was corrected',
    async test(bench) {
      await bench.pass(2 * LONG_AFTER);
      await bench.a.sweep!();
      await bench.pass(-2 * LONG_AFTER);
      for (let index = 0; index < 5; index++) await bench.stored('v', { expiresAt: bench.now() + bench.shortly });
      const live = await bench.stored('v', { expiresAt: bench.now() + 2 * LONG_AFTER });
      equal(await bench.a.sweep!(), 0);
      await bench.pass(LONG_AFTER);
      equal(await bench.a.sweep!(), 5);
      await bench.present(live);
    },
  },
];

export const pingCases: readonly ContractCase[] = [{ name: 'answers a ping', test: (bench) => bench.a.ping!() }];

export function faultCase(fault: 'hang' | 'down'): ContractCase {
  return {
    name: fault === 'hang' ? 'rejects if the backend hangs' : 'rejects if the backend is down',
    async test(bench) {
      const faults = bench.storage.faults;
      ok(faults?.[fault], `the factory should return faults.${fault}()`);
      const owner = bench.id();
      const id = await bench.stored('v', { owner });
      try {
        await faults[fault]();
        for (const call of callsOf(bench, id, owner)) await rejects(call, SessionStorageUnavailableError);
      } finally {
        await faults.restore();
      }
      await recovered(bench, faults, id);
    },
  };
}

function callsOf(bench: ContractBench, id: string, owner: string): Array<() => Promise<unknown>> {
  const { a } = bench;
  const expiresAt = bench.now() + 900_000;
  return [
    () => a.read(id),
    () => a.write(bench.id(), bench.session('w')),
    () => a.invalidate(id),
    ...(a.replace ? [() => a.replace!(id, bench.session('w'))] : []),
    ...(a.touch ? [() => a.touch!(id, expiresAt)] : []),
    ...(a.owners ? [() => a.owners!.list(owner), () => a.owners!.invalidateAll(owner)] : []),
    ...(a.ping ? [() => a.ping!()] : []),
  ];
}

async function recovered(bench: ContractBench, faults: StorageFaults, id: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      await bench.a.read(id);
      await bench.present(await bench.stored('again'));
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
