import { ask, type Answer } from '../support/client.js';
import { platforms, type Platform, type RunningApp } from '../support/platforms.js';
import {
  PARALLEL,
  postgres,
  redis,
  signedOut,
  slowStarted,
  startVisitors,
  type Engine,
} from './lost-updates-support.js';
import { fullTests } from '../support/full-tests.js';
import { withPostgres } from '../support/servers.js';

const ROUNDS = fullTests ? 15 : 5;
const LOGOUTS = 30;
// Busy machines are slow.
const SLOW = 120_000;

type Shown = Record<string, unknown>;

const [express, fastify] = platforms as [Platform, Platform];
const places: ReadonlyArray<readonly [string, Platform, Engine]> = [
  [`${express.name} and ${redis.name}`, express, redis],
  [`${fastify.name} and ${redis.name}`, fastify, redis],
  ...(withPostgres ? [[`${fastify.name} and ${postgres.name}`, fastify, postgres] as const] : []),
];

describe.each(places)('parallel requests of one session, on %s', (_name, platform, engine) => {
  let running: RunningApp;
  beforeAll(async () => {
    running = await startVisitors(platform, engine);
  }, SLOW);
  afterAll(() => running.close());

  const post = (path: string, cookie?: string): Promise<Answer> =>
    ask(`${running.url}/${path}`, { method: 'POST', cookie });
  const signIn = async (): Promise<string> => (await post('sign-in')).cookie('visitor');
  const shown = async (cookie: string): Promise<Shown> => (await ask(`${running.url}/visitor`, { cookie })).json();

  /** Every handler has loaded the session before the first changes it. */
  async function round(cookie: string, path: (index: number) => string): Promise<void> {
    const requests = Array.from({ length: PARALLEL }, (_, index) => post(path(index), cookie));
    expect((await Promise.all(requests)).map(({ status }) => status)).toEqual(Array(PARALLEL).fill(200));
  }

  it(
    `loses none of ${PARALLEL * ROUNDS} changes of different fields`,
    async () => {
      const cookie = await signIn();
      for (let value = 1; value <= ROUNDS; value++) {
        await round(cookie, (index) => `field/${index}/${value}`);
        const fields = Object.entries(await shown(cookie)).filter(([name]) => name.startsWith('field'));
        expect(fields.filter(([, field]) => field === value)).toHaveLength(PARALLEL);
      }
    },
    SLOW,
  );

  it.each([
    ['sessions.update', 'update', 'updates'],
    ['@Counter', 'visit', 'visits'],
  ])(
    `loses none of ${PARALLEL * ROUNDS} increments of one field by %s`,
    async (_by, path, field) => {
      const cookie = await signIn();
      for (let count = 1; count <= ROUNDS; count++) await round(cookie, () => path);
      expect(await shown(cookie)).toMatchObject({ name: 'Ada', [field]: PARALLEL * ROUNDS });
    },
    SLOW,
  );

  it(
    `undoes none of ${LOGOUTS} logouts by a request that starts before and ends after`,
    async () => {
      for (let count = 0; count < LOGOUTS; count++) {
        const cookie = await signIn();
        const slow = post('slow', cookie);
        await slowStarted.join();
        const logout = await post('sign-out', cookie);
        await signedOut.join();
        const { setCookies } = await slow;
        expect(await shown(cookie)).toEqual({});
        expect([logout.setCookies, setCookies]).toEqual([[expect.stringMatching(/^visitor=;.*Max-Age=0/)], []]);
      }
    },
    SLOW,
  );
});
