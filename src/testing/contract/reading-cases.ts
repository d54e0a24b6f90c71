import { equal, ok } from 'node:assert/strict';
import { NEVER } from '../../storage/session-storage.js';
import type { ContractCase } from './contract-bench.js';

const TEXTS = [
  '',
  ' leading and trailing ',
  'line\nfeed\r\nand return',
  'a|b|c',
  '"quotes" \'and\' `more` \\ %s %00 $1 ? :x',
  '{"json":"\\u0000 and \\ud83d escaped"}',
  'äöü ß ł 中文 עברית',
  'emoji 👩‍👩‍👧 🏳️‍🌈',
  '\u2028\u2029\ufeff',
  'undefined',
  'null',
];

const HOSTILE_IDS = [
  '..',
  '../..',
  '../../etc/passwd',
  '..\\..\\x',
  '/etc/passwd',
  'a/b',
  'CON',
  '.',
  '__proto__',
  'constructor',
  'toString',
  "x'; DROP TABLE sessions; --",
  '{x}',
  'a b\tc',
  '*',
  '😀',
  'y'.repeat(150),
];

const HOUR = 3_600_000;

const LARGE = `${'large "€" '.repeat(100_000)}end`;

export const readingCases: readonly ContractCase[] = [
  {
    name: 'reads an unknown id as undefined',
    test: (bench) => bench.absent(bench.id()),
  },
  {
    name: 'returns the exact text',
    async test(bench) {
      for (const text of TEXTS) equal((await bench.present(await bench.stored(text))).value, text);
    },
  },
  {
    name: 'keeps a value of a megabyte',
    async test(bench) {
      const id = await bench.stored(LARGE);
      equal((await bench.present(id, bench.b)).value, LARGE);
    },
  },
  {
    name: 'reads the last write',
    async test(bench) {
      const id = await bench.stored('first, and longer than the second');
      await bench.a.write(id, bench.session('second'));
      equal((await bench.present(id)).value, 'second');
    },
  },
  {
    name: 'shows a session to every instance on the same backend',
    async test(bench) {
      const id = await bench.stored('shared');
      equal((await bench.present(id, bench.b)).value, 'shared');
      await bench.b.invalidate(id);
      await bench.absent(id, bench.a);
    },
  },
  {
    name: 'returns the exact expiry, in milliseconds',
    async test(bench) {
      const expiresAt = bench.now() + 123_457;
      equal((await bench.present(await bench.stored('v', { expiresAt }))).expiresAt, expiresAt);
    },
  },
  {
    name: 'returns the owner, if there is one',
    async test(bench) {
      for (const owner of ['u1', 'ü|=&', 'a\nb', 'x'.repeat(200)]) {
        equal((await bench.present(await bench.stored('v', { owner }))).owner, owner);
      }
      equal((await bench.present(await bench.stored('v'))).owner, undefined);
    },
  },
  {
    name: 'keeps a copy: the written and the read object can be changed',
    async test(bench) {
      const id = bench.id();
      const session = { ...bench.session('v') };
      await bench.a.write(id, session);
      session.value = 'changed';
      const read = await bench.present(id);
      Object.assign(read, { value: 'changed' });
      equal((await bench.present(id)).value, 'v');
    },
  },
  {
    name: 'ends a session permanently',
    async test(bench) {
      const id = await bench.stored('v');
      const [first, second] = [await bench.a.invalidate(id), await bench.b.invalidate(id)];
      ok(first === true || first === undefined, 'invalidate of a live session should return true, or nothing');
      ok(second === false || second === undefined, 'invalidate of an ended session should return false, or nothing');
      await bench.absent(id, bench.a);
      await bench.absent(id, bench.b);
    },
  },
  {
    name: 'ignores the end of an unknown session',
    async test(bench) {
      const ended = await bench.a.invalidate(bench.id());
      ok(ended === false || ended === undefined);
    },
  },
  {
    name: 'keeps a session until its expiry, not longer',
    async test(bench) {
      const expiresAt = bench.now() + bench.shortly;
      const id = await bench.stored('v', { expiresAt });
      await bench.pass(bench.shortly / 3);
      const session = await bench.a.read(id);
      // In real time, a busy machine may be past the expiry.
      ok(session ?? bench.now() >= expiresAt, 'the session should live until its expiry');
      await bench.pass(bench.shortly);
      await bench.absent(id, bench.a);
      await bench.absent(id, bench.b);
    },
  },
  {
    name: 'reads a session with a past expiry as absent',
    async test(bench) {
      await bench.absent(await bench.stored('v', { expiresAt: bench.now() - 1 }));
      const id = await bench.stored('v');
      await bench.a.write(id, bench.session('w', { expiresAt: bench.now() - 1 }));
      await bench.absent(id);
    },
  },
  {
    name: 'keeps a session without a limit',
    async test(bench) {
      const id = await bench.stored('v', { expiresAt: NEVER, latestExpiry: NEVER });
      equal((await bench.present(id)).expiresAt, NEVER);
    },
  },
  {
    name: 'distinguishes ids that differ only in case',
    async test(bench) {
      const id = bench.id();
      const [lower, upper] = [`a${id}`.slice(0, 43), `A${id}`.slice(0, 43)];
      await bench.a.write(lower, bench.session('lower'));
      await bench.absent(upper);
      await bench.a.write(upper, bench.session('upper'));
      equal((await bench.present(lower)).value, 'lower');
    },
  },
  {
    name: 'treats any id as data',
    async test(bench) {
      for (const id of HOSTILE_IDS) {
        await bench.absent(id);
        await bench.a.write(id, bench.session(`of ${id}`));
      }
      for (const id of HOSTILE_IDS) equal((await bench.present(id)).value, `of ${id}`);
      for (const id of HOSTILE_IDS) await bench.a.invalidate(id);
      for (const id of HOSTILE_IDS) await bench.absent(id);
    },
  },
  {
    name: 'keeps a hundred sessions that are written at the same time',
    async test(bench) {
      const ids = await Promise.all(Array.from({ length: 100 }, (_, index) => bench.stored(`value ${index}`)));
      const read = await Promise.all(ids.map((id, index) => bench.present(id, index % 2 ? bench.a : bench.b)));
      read.forEach((session, index) => equal(session.value, `value ${index}`));
    },
  },
];

export const clockCases: readonly ContractCase[] = [
  {
    name: 'keeps a live session when the clock is set back, and ends it when the clock passes its expiry',
    async test(bench) {
      const id = await bench.stored('v', { expiresAt: bench.now() + 30_000 });
      await bench.pass(-HOUR);
      equal((await bench.present(id)).value, 'v');
      await bench.pass(HOUR);
      await bench.present(id);
      await bench.pass(30_000);
      await bench.absent(id);
    },
  },
  {
    name: 'uses the current time after a fast clock was corrected',
    async test(bench) {
      const expiresAt = bench.now() + 2 * HOUR;
      const lasting = await bench.stored('lasting', { expiresAt });
      await bench.pass(HOUR);
      await bench.present(lasting);
      const ahead = await bench.stored('ahead', { expiresAt: bench.now() + 30_000 });
      await bench.pass(-HOUR);
      await bench.present(ahead);
      const short = await bench.stored('short', { expiresAt: bench.now() + 30_000 });
      await bench.a.touch?.(lasting, bench.now() + 30_000);
      await bench.pass(29_999);
      await bench.present(short);
      await bench.pass(1);
      await bench.absent(short);
      equal((await bench.present(lasting)).expiresAt, expiresAt);
    },
  },
];
