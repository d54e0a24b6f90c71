import { readListed } from '../../../src/storage/read-listed.js';

const read = async (ids: readonly string[]) => ids.map((id) => (id.startsWith('ended') ? undefined : `session ${id}`));

describe('readListed', () => {
  it('reads each listed id once, and ids without a session as undefined', async () => {
    const reads: string[] = [];
    const found = await readListed(
      async () => ['a', 'ended', 'b'],
      (ids) => (reads.push(...ids), read(ids)),
    );
    expect([...found]).toEqual([
      ['a', 'session a'],
      ['ended', undefined],
      ['b', 'session b'],
    ]);
    expect(reads).toEqual(['a', 'ended', 'b']);
  });

  it('lists once if the owner has no sessions', async () => {
    let lists = 0;
    expect((await readListed(async () => (lists++, []), read)).size).toBe(0);
    expect(lists).toBe(1);
  });

  it('finds a session that rotates between several lists', async () => {
    const lists = [['ended 1'], ['ended 1', 'ended 2'], ['ended 2', 'c'], ['c']];
    const found = await readListed(async () => lists.shift()!, read);
    expect(found.get('c')).toBe('session c');
  });

  it('ends although each list has a new id', async () => {
    let lists = 0;
    const found = await readListed(async () => [`id ${lists++}`], read);
    expect([lists, found.size]).toEqual([8, 8]);
  });
});
