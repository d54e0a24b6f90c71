import { deepEqual, equal, ok } from 'node:assert/strict';
import type { ContractBench, ContractCase } from './contract-bench.js';

const HOSTILE_OWNERS = ['__proto__', 'constructor', '*', '%', '_', "o'hara", 'a:b', '..', 'é', 'e', 'E', '😀', ' '];

export const ownerCases: readonly ContractCase[] = [
  {
    name: 'lists exactly the sessions of an owner',
    async test(bench) {
      const owner = bench.id();
      const ids = [];
      for (let index = 0; index < 3; index++) ids.push(await bench.stored(`v${index}`, { owner }));
      await bench.stored('of another', { owner: bench.id() });
      await bench.stored('of nobody');
      const listed = await bench.b.owners!.list(owner);
      deepEqual(listed.map(({ id }) => id).sort(), ids.toSorted());
      for (const { id, session } of listed) deepEqual(session, await bench.present(id));
      deepEqual(await bench.a.owners!.list(bench.id()), []);
    },
  },
  {
    name: 'removes a session from the list when it ends or expires, not before',
    async test(bench) {
      const owner = bench.id();
      const expiresAt = bench.now() + bench.shortly;
      const stays = await bench.stored('v', { owner, expiresAt });
      const ends = await bench.stored('v', { owner });
      const expires = await bench.stored('v', { owner, expiresAt });
      if (bench.a.replace) await bench.a.replace(stays, bench.session('w', { owner }));
      else await bench.a.write(stays, bench.session('w', { owner }));
      await bench.a.invalidate(ends);
      const listed = await idsOf(bench, owner);
      if (bench.now() < expiresAt) deepEqual(listed, [stays, expires].sort());
      await bench.pass(bench.shortly + 1);
      deepEqual(await idsOf(bench, owner), [stays]);
    },
  },
  {
    name: 'lists a session that a replace lets live longer than its first latest expiry',
    async test(bench) {
      if (!bench.a.replace) return;
      const owner = bench.id();
      const expiresAt = bench.now() + bench.shortly;
      const id = await bench.stored('v', { owner, expiresAt, latestExpiry: expiresAt });
      const { status } = await bench.a.replace(id, bench.session('w', { owner }));
      // In real time, a busy machine may be past the expiry.
      if (status !== 'replaced') return;
      await bench.pass(bench.shortly + 1);
      deepEqual(await idsOf(bench, owner), [id]);
    },
  },
  {
    name: 'ends the sessions of an owner except one',
    async test(bench) {
      const owner = bench.id();
      const ids = [];
      for (let index = 0; index < 4; index++) ids.push(await bench.stored('v', { owner }));
      const other = await bench.stored('v', { owner: bench.id() });
      const [stays, ...rest] = ids;
      equal(await bench.b.owners!.invalidateAll(owner, stays), 3);
      for (const id of rest) await bench.absent(id);
      await bench.present(stays!);
      await bench.present(other);
      equal(await bench.a.owners!.invalidateAll(owner), 1);
      await bench.absent(stays!);
      equal(await bench.a.owners!.invalidateAll(owner), 0);
    },
  },
  {
    name: 'treats any owner as data',
    async test(bench) {
      const salt = bench.id();
      const owners = HOSTILE_OWNERS.flatMap((owner) => [owner, `${owner}${salt}`]);
      const ids = new Map<string, string>();
      for (const owner of owners) ids.set(owner, await bench.stored('v', { owner }));
      for (const owner of owners) ok((await idsOf(bench, owner)).includes(ids.get(owner)!));
      for (const owner of owners.filter((name) => name.endsWith(salt))) {
        deepEqual(await idsOf(bench, owner), [ids.get(owner)]);
        equal(await bench.a.owners!.invalidateAll(owner), 1);
      }
      for (const owner of HOSTILE_OWNERS) await bench.present(ids.get(owner)!);
      for (const owner of HOSTILE_OWNERS) await bench.a.owners!.invalidateAll(owner);
    },
  },
  {
    name: 'ends a session of an owner during a replace',
    async test(bench) {
      const owner = bench.id();
      for (let round = 0; round < bench.rounds; round++) {
        const id = await bench.stored('v', { owner });
        const replace = async () => bench.a.replace?.(id, bench.session('w', { owner }));
        const end = () => bench.b.owners!.invalidateAll(owner);
        await Promise.all(round % 2 ? [replace(), end()] : [end(), replace()]);
        await bench.absent(id);
        deepEqual(await idsOf(bench, owner), []);
      }
    },
  },
  {
    name: 'ends a session of an owner during a rotation',
    async test(bench) {
      const owner = bench.id();
      for (let round = 0; round < bench.rounds; round++) {
        const [id, next] = [await bench.stored('v', { owner }), bench.id()];
        const rotate = async () => {
          await bench.a.write(next, bench.session('v', { owner }));
          const ended = await bench.a.invalidate(id);
          if (ended === false) await bench.a.invalidate(next);
          return ended;
        };
        const end = () => bench.b.owners!.invalidateAll(owner);
        const outcome = await Promise.all(round % 2 ? [rotate(), end()] : [end(), rotate()]);
        if (outcome.includes(undefined)) continue; // the storage cannot tell
        deepEqual(await idsOf(bench, owner), []);
        await bench.absent(next);
      }
    },
  },
];

export function manySessionsCase(count: number): ContractCase {
  return {
    name: `lists and ends ${count} sessions of one owner`,
    async test(bench) {
      const owner = bench.id();
      for (let done = 0; done < count; done += 100) {
        await Promise.all(Array.from({ length: Math.min(100, count - done) }, () => bench.stored('v', { owner })));
      }
      equal((await bench.a.owners!.list(owner)).length, count);
      equal(await bench.b.owners!.invalidateAll(owner), count);
      deepEqual(await bench.a.owners!.list(owner), []);
    },
  };
}

async function idsOf(bench: ContractBench, owner: string): Promise<string[]> {
  return (await bench.a.owners!.list(owner)).map(({ id }) => id).sort();
}
