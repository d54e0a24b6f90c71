import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import type { ContractCase } from './contract-bench.js';

export const replaceCases: readonly ContractCase[] = [
  {
    name: 'replaces a session at the read version and returns the next one',
    async test(bench) {
      const id = bench.id();
      const written = await bench.a.write(id, bench.session('first'));
      const { version } = await bench.present(id);
      ok(version !== undefined, 'a storage with replace has versions');
      ok(written === undefined || written === version, 'write should return the stored version, or nothing');
      const result = await bench.a.replace!(id, bench.session('second'), version);
      equal(result.status, 'replaced');
      const read = await bench.present(id, bench.b);
      equal(read.value, 'second');
      deepEqual(result, { status: 'replaced', version: read.version });
      notEqual(read.version, version);
    },
  },
  {
    name: 'rejects a replace of another version and returns the stored session',
    async test(bench) {
      const id = await bench.stored('first', { owner: 'u' });
      const { version } = await bench.present(id);
      await bench.a.replace!(id, bench.session('second', { owner: 'u' }), version);
      const current = await bench.present(id);
      const stale = bench.session('third', { owner: 'u' });
      deepEqual(await bench.b.replace!(id, stale, version), { status: 'conflict', current });
      deepEqual(await bench.b.replace!(id, stale, 'never a version'), { status: 'conflict', current });
      deepEqual(await bench.present(id), current);
    },
  },
  {
    name: 'replaces any version if none is given',
    async test(bench) {
      const id = await bench.stored('first');
      equal((await bench.a.replace!(id, bench.session('second'))).status, 'replaced');
      equal((await bench.b.replace!(id, bench.session('third'))).status, 'replaced');
      equal((await bench.present(id)).value, 'third');
    },
  },
  {
    name: 'creates a new version with every write and replace, also of equal text',
    async test(bench) {
      const id = await bench.stored('same');
      const versions = [(await bench.present(id)).version];
      for (let round = 0; round < 3; round++) {
        await bench.a.replace!(id, bench.session('same'));
        versions.push((await bench.present(id)).version);
      }
      equal(new Set(versions).size, 4);
    },
  },
  {
    name: 'never creates: an unknown session is gone',
    async test(bench) {
      const id = bench.id();
      deepEqual(await bench.a.replace!(id, bench.session('v')), { status: 'gone' });
      deepEqual(await bench.a.replace!(id, bench.session('v'), '1'), { status: 'gone' });
      await bench.absent(id);
    },
  },
  {
    name: 'never revives: an ended session is gone, for any version',
    async test(bench) {
      const id = await bench.stored('v');
      const { version } = await bench.present(id);
      await bench.b.invalidate(id);
      deepEqual(await bench.a.replace!(id, bench.session('w'), version), { status: 'gone' });
      deepEqual(await bench.a.replace!(id, bench.session('w')), { status: 'gone' });
      await bench.absent(id);
    },
  },
  {
    name: 'never revives: an expired session is gone',
    async test(bench) {
      const id = await bench.stored('v', { expiresAt: bench.now() + bench.shortly });
      const { version } = await bench.present(id);
      await bench.pass(bench.shortly + 1);
      deepEqual(await bench.a.replace!(id, bench.session('w'), version), { status: 'gone' });
      await bench.absent(id);
    },
  },
  {
    name: 'sets a later or earlier expiry with replace',
    async test(bench) {
      const id = await bench.stored('v');
      for (const expiresAt of [bench.now() + 900_001, bench.now() + 300_001]) {
        await bench.a.replace!(id, bench.session('v', { expiresAt }));
        equal((await bench.present(id)).expiresAt, expiresAt);
      }
      await bench.a.replace!(id, bench.session('v', { expiresAt: bench.now() + bench.shortly }));
      await bench.pass(bench.shortly + 1);
      await bench.absent(id);
    },
  },
  {
    name: 'keeps the owner with replace',
    async test(bench) {
      const id = await bench.stored('v', { owner: 'u' });
      await bench.a.replace!(id, bench.session('w', { owner: 'u' }));
      equal((await bench.present(id)).owner, 'u');
    },
  },
];

export const touchCases: readonly ContractCase[] = [
  {
    name: 'extends the expiry without changing text, version and owner',
    async test(bench) {
      const id = await bench.stored('v', { owner: 'u', expiresAt: bench.now() + bench.shortly });
      const before = await bench.present(id);
      const expiresAt = bench.now() + 900_000;
      equal(await bench.a.touch!(id, expiresAt), true);
      deepEqual(await bench.present(id, bench.b), { ...before, expiresAt });
      await bench.pass(bench.shortly + 1);
      deepEqual(await bench.present(id), { ...before, expiresAt });
    },
  },
  {
    name: 'never shortens the expiry',
    async test(bench) {
      const id = await bench.stored('v');
      const { expiresAt } = await bench.present(id);
      equal(await bench.a.touch!(id, expiresAt - 100_000), true);
      equal((await bench.present(id)).expiresAt, expiresAt);
    },
  },
  {
    name: 'does not touch, create or revive an unknown, ended or expired session',
    async test(bench) {
      const unknown = bench.id();
      const ended = await bench.stored('v');
      await bench.b.invalidate(ended);
      const expired = await bench.stored('v', { expiresAt: bench.now() + bench.shortly });
      await bench.pass(bench.shortly + 1);
      for (const id of [unknown, ended, expired]) {
        equal(await bench.a.touch!(id, bench.now() + 600_000), false);
        await bench.absent(id);
      }
    },
  },
];

export const touchVersionCases: readonly ContractCase[] = [
  {
    name: 'touches only the given version',
    async test(bench) {
      const id = await bench.stored('v');
      const { version, expiresAt } = await bench.present(id);
      equal(await bench.a.touch!(id, expiresAt + 1, version), true);
      await bench.a.replace!(id, bench.session('w', { expiresAt }));
      equal(await bench.a.touch!(id, expiresAt + 2, version), false);
      equal((await bench.present(id)).expiresAt, expiresAt);
    },
  },
];
