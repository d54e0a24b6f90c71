import { deepEqual, equal, ok } from 'node:assert/strict';
import type { ContractCase } from './contract-bench.js';

export const creatingCases: readonly ContractCase[] = [
  {
    name: 'creates a session under a new id and returns its version',
    async test(bench) {
      const [id, owner] = [bench.id(), bench.id()];
      const version = await bench.a.create!(id, bench.session('v', { owner }));
      const read = await bench.present(id, bench.b);
      deepEqual([read.value, read.owner, read.version], ['v', owner, version]);
      if (bench.a.owners) equal((await bench.b.owners!.list(owner)).length, 1);
    },
  },
  {
    name: 'does not create over a session, and does not change it',
    async test(bench) {
      const id = await bench.stored('first');
      const before = await bench.present(id);
      equal(await bench.b.create!(id, bench.session('second')), undefined);
      deepEqual(await bench.present(id), before);
    },
  },
  {
    name: 'lets exactly one of twelve parallel creations of one id succeed',
    async test(bench) {
      const id = bench.id();
      const results = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          (index % 2 ? bench.a : bench.b).create!(id, bench.session(`creator ${index}`)),
        ),
      );
      const winners = results.flatMap((version, index) => (version === undefined ? [] : [`creator ${index}`]));
      equal(winners.length, 1);
      equal((await bench.present(id)).value, winners[0]);
    },
  },
  {
    name: 'does not revive an ended id: neither create nor replace nor touch',
    async test(bench) {
      const id = await bench.stored('v');
      const { version } = await bench.present(id);
      await bench.a.invalidate(id);
      equal(await bench.b.create!(id, bench.session('again')), undefined);
      deepEqual(await bench.b.replace!(id, bench.session('again'), version), { status: 'gone' });
      deepEqual(await bench.b.replace!(id, bench.session('again')), { status: 'gone' });
      if (bench.a.touch) equal(await bench.b.touch!(id, bench.now() + 900_000), false);
      await bench.absent(id);
      await bench.a.invalidate(id);
      equal(await bench.a.create!(id, bench.session('again')), undefined);
    },
  },
  {
    name: 'never keeps a session that is created while it is ended',
    async test(bench) {
      for (let round = 0; round < bench.rounds; round++) {
        const id = await bench.stored('v');
        const create = () => bench.a.create!(id, bench.session('again'));
        const end = () => bench.b.invalidate(id);
        await Promise.all(round % 2 ? [create(), end()] : [end(), create()]);
        await bench.absent(id);
      }
    },
  },
];

export const ownedTombstoneCases: readonly ContractCase[] = [
  {
    name: 'does not create ids again that were ended by owner',
    async test(bench) {
      const owner = bench.id();
      const ids = [await bench.stored('v', { owner }), await bench.stored('w', { owner })];
      equal(await bench.a.owners!.invalidateAll(owner), 2);
      for (const id of ids) equal(await bench.b.create!(id, bench.session('again', { owner })), undefined);
      deepEqual(await bench.a.owners!.list(owner), []);
      equal(await bench.a.owners!.invalidateAll(owner), 0);
    },
  },
];

export const creatingClockCases: readonly ContractCase[] = [
  {
    name: 'creates under the id of an expired session',
    async test(bench) {
      const id = await bench.stored('old', { expiresAt: bench.now() + bench.shortly });
      await bench.pass(bench.shortly + 1);
      ok((await bench.a.create!(id, bench.session('new'))) !== undefined);
      equal((await bench.present(id, bench.b)).value, 'new');
    },
  },
];
