// The tools are JavaScript without declarations.
const load = (path: string): Promise<any> => import(path);
const { KnownSession, Oracle, outcomeOf } = await load('../../../tools/chaos/oracle.mjs');
const { isBroken, markdownTable } = await load('../../../tools/chaos/table.mjs');

const COUNTS = { operations: 1200, unavailable: 3, unanswered: 0, lost: 0, revived: 0, foreign: 0, ghosts: 0 };

describe('The oracle of npm run chaos', () => {
  it('tells answers apart', () => {
    expect([201, 503, undefined, 409, 500].map(outcomeOf)).toEqual([
      'done',
      'unavailable',
      'unanswered',
      'refused',
      'failed',
    ]);
  });

  it('misses a change only if it was acknowledged', () => {
    const oracle = new Oracle();
    const session = new KnownSession('u', 's1');
    oracle.changed(session, 'm1', 201);
    oracle.changed(session, 'm2', 503);
    oracle.read(session, { tag: 's1', marks: ['m1'] });
    expect(oracle.findings).toEqual([]);
    oracle.read(session, { tag: 's1', marks: ['m2'] });
    expect(oracle.findings).toEqual(['lost: m1 of s1']);
    oracle.read(session, { tag: 's1', marks: [] });
    expect(oracle.counts).toMatchObject({ lost: 2, operations: 1, unavailable: 1 });
  });

  it('knows foreign content, and a change that was made twice', () => {
    const oracle = new Oracle();
    const session = new KnownSession('u', 's1');
    oracle.changed(session, 'm1', 201);
    oracle.read(session, { tag: 's1', marks: ['m1', 'x1'] });
    oracle.read(session, { tag: 's1', marks: ['m1', 'm1'] });
    oracle.read(session, { tag: 's2', owner: 'other', marks: [] });
    expect(oracle.counts.foreign).toBe(3);
  });

  it('expects the session before a failed login, unless there was no answer', () => {
    const oracle = new Oracle();
    const [answered, unanswered] = [new KnownSession('u', 'a'), new KnownSession('u', 'b')];
    expect(oracle.loggedIn('u', 's1', answered, 503)).toBeUndefined();
    expect(oracle.loggedIn('u', 's2', unanswered, undefined)).toBeUndefined();
    expect(oracle.read(answered, { anonymous: true })).toBe(false);
    expect(oracle.read(unanswered, { anonymous: true })).toBe(false);
    expect(oracle.findings).toEqual(['lost: a is not there']);
  });

  it('finds a session that reads after its acknowledged end', () => {
    const oracle = new Oracle();
    const session = new KnownSession('u', 's1');
    expect(oracle.loggedOut(session, 503)).toBe(false);
    expect(oracle.revoked([session], 201)).toBe(true);
    oracle.readEnded(session, { anonymous: true });
    oracle.readEnded(session, { tag: 's1', marks: [] });
    expect(oracle.counts.revived).toBe(1);
  });

  it('tells lasting sessions without a cookie, and finds ghosts: one that is not listed, and those beyond the limit', () => {
    const oracle = new Oracle();
    const session = oracle.loggedIn('u', 's1', undefined, 201);
    const lasting = 10 * 60_000;
    oracle.listed(
      'u',
      [session],
      [
        { tag: 's1', expiresAt: lasting },
        { tag: 's2', expiresAt: 30_000 },
      ],
      { now: 0 },
    );
    expect(oracle.counts.ghosts).toBe(0);
    const withoutCookie = oracle.listed('u', [session], [{ tag: 's2', expiresAt: lasting }], { now: 0 });
    expect(withoutCookie).toEqual(['s2']);
    expect(oracle.findings).toEqual(['ghosts: s1 is not listed']);
    oracle.listed('u', [session], [{ tag: 's1', expiresAt: lasting }], { now: 0, limit: 0 });
    expect(oracle.counts.ghosts).toBe(2);
  });
});

describe('The table of npm run chaos', () => {
  const result = { storage: 'redis', fault: 'kill', seconds: 4, injected: 2, counts: COUNTS, recovery: 700 };

  it('has a row for each run', () => {
    const [head, line, row] = markdownTable([result]).split('\n');
    expect(head).toContain('| Lost | Revived | Foreign | Ghosts |');
    expect(line).toMatch(/^\| -+ \|/);
    expect(row).toMatch(/^\| redis +\| kill +\| 4 .*\| 1,200 .*\| 700 +\|$/);
  });

  it('counts as broken with anything lost, revived, foreign or a ghost', () => {
    expect(isBroken(result)).toBe(false);
    for (const name of ['lost', 'revived', 'foreign', 'ghosts']) {
      expect(isBroken({ counts: { ...COUNTS, [name]: 1 } })).toBe(true);
    }
  });
});
