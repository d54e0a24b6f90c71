import { deepEqual, equal, ok } from 'node:assert/strict';
import type { ContractCase } from './contract-bench.js';

export const racingCases: readonly ContractCase[] = [
  {
    name: 'lets exactly one of twenty parallel replaces of one version succeed',
    async test(bench) {
      const id = await bench.stored('base');
      const { version } = await bench.present(id);
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? bench.a : bench.b).replace!(id, bench.session(`writer ${index}`), version),
        ),
      );
      const winners = results.flatMap((result, index) => (result.status === 'replaced' ? [`writer ${index}`] : []));
      equal(winners.length, 1);
      equal((await bench.present(id)).value, winners[0]);
      for (const result of results) ok(result.status !== 'gone');
    },
  },
  {
    name: 'keeps twelve parallel changes of different fields',
    async test(bench) {
      const id = await bench.stored('{}');
      await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          bench.update(index % 2 ? bench.a : bench.b, id, (value) =>
            JSON.stringify({ ...(JSON.parse(value) as object), [`field${index}`]: index }),
          ),
        ),
      );
      const fields = JSON.parse((await bench.present(id)).value) as Record<string, number>;
      deepEqual(
        Object.values(fields).sort((left, right) => left - right),
        Array.from({ length: 12 }, (_, index) => index),
      );
    },
  },
  {
    name: 'counts twelve parallel increments as twelve',
    async test(bench) {
      const id = await bench.stored('0');
      await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          bench.update(index % 2 ? bench.a : bench.b, id, (value) => String(Number(value) + 1)),
        ),
      );
      equal((await bench.present(id)).value, '12');
    },
  },
  {
    name: 'never revives a session that is replaced while it is ended',
    async test(bench) {
      for (let round = 0; round < bench.rounds; round++) {
        const id = await bench.stored('v');
        const { version } = await bench.present(id);
        const replace = () => bench.a.replace!(id, bench.session('w'), round % 4 < 2 ? version : undefined);
        const end = () => bench.b.invalidate(id);
        await Promise.all(round % 2 ? [replace(), end()] : [end(), replace()]);
        await bench.absent(id, bench.a);
        await bench.absent(id, bench.b);
      }
    },
  },
  {
    name: 'never keeps a rotated session that is ended meanwhile',
    async test(bench) {
      for (let round = 0; round < bench.rounds; round++) {
        const [id, next] = [await bench.stored('v'), bench.id()];
        const { version } = await bench.present(id);
        const rotate = async () => {
          await bench.a.write(next, bench.session('v'));
          const retired = await bench.a.replace!(id, bench.session('moved'), version);
          if (retired.status !== 'replaced') await bench.a.invalidate(next);
          return retired.status;
        };
        const first = round % 2 ? rotate() : bench.b.invalidate(id);
        const second = round % 2 ? bench.b.invalidate(id) : rotate();
        const rotated = (await Promise.all([first, second]))[round % 2 ? 0 : 1];
        await bench.absent(id);
        if (rotated === 'gone') await bench.absent(next);
        else equal((await bench.present(next)).value, 'v');
      }
    },
  },
];

export const touchRacingCases: readonly ContractCase[] = [
  {
    name: 'never revives a session that is touched while it is ended',
    async test(bench) {
      for (let round = 0; round < bench.rounds; round++) {
        const id = await bench.stored('v');
        const touch = () => bench.a.touch!(id, bench.now() + 900_000);
        const end = () => bench.b.invalidate(id);
        await Promise.all(round % 2 ? [touch(), end()] : [end(), touch()]);
        await bench.absent(id);
      }
    },
  },
  {
    name: 'never undoes a replace that runs beside a touch',
    async test(bench) {
      for (let round = 0; round < bench.rounds; round++) {
        const id = await bench.stored('v');
        const { version } = await bench.present(id);
        const touch = () => bench.a.touch!(id, bench.now() + 900_000);
        const replace = () => bench.b.replace!(id, bench.session('w'), version);
        await Promise.all(round % 2 ? [touch(), replace()] : [replace(), touch()]);
        equal((await bench.present(id)).value, 'w');
      }
    },
  },
];
