import { sqliteSessionStorage } from 'nestjs-sessions/sqlite';
import { sqliteLibraries } from '../support/sqlite.js';
import { byTracker, explored, fewerTriples, pairs } from './session-orders.js';

// Busy machines are slow.
const SLOW = 240_000;

/** node:sqlite where it is there. The statements are the same by either, so that one is enough for the many orders. */
const oneLibrary = Object.keys(sqliteLibraries).at(-1);

describe.each(Object.entries(sqliteLibraries))('every order over SQLite by %s', (library, openDatabase) => {
  let database: ReturnType<typeof openDatabase>;
  let storage: ReturnType<typeof sqliteSessionStorage>;
  beforeAll(async () => {
    database = openDatabase(':memory:');
    storage = sqliteSessionStorage({ database });
    await storage.ping();
  });
  afterAll(() => database.close());

  function open() {
    database.exec('DELETE FROM sessions');
    return { storage };
  }

  it('keeps every promise in every order of two requests, by reference algorithm and tracker', async () => {
    expect(await explored(pairs, { open })).toBe(172);
    expect(await explored(pairs, { open, ...byTracker })).toBe(312);
  });

  if (library !== oneLibrary) return;

  it(
    'keeps every promise in orders of three requests, by tracker',
    async () => {
      expect(await explored(fewerTriples, { open, ...byTracker })).toBe(2146);
    },
    SLOW,
  );
});
