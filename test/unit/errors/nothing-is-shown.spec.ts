import { EMPTY_CALL } from '../../../src/call/session-call.js';
import { inspect } from 'node:util';
import { SessionProviderBuilder } from '../../../src/config/session-provider.builder.js';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { KeyRing } from '../../../src/keys/key-ring.js';
import type { SessionEvent } from '../../../src/session/session-event.js';
import { SessionTrackerById } from '../../../src/tracker/session-tracker-by-id.js';
import { SessionTransportCookie } from '../../../src/transport/session-transport-cookie.js';
import { fails, isOvertaken } from '../tracker/scripted-storage.js';
import { sessionOf, trackerOver } from '../tracker/tracker-bench.js';
import { sessionBench, User, type SessionBenchOptions } from '../session/session-bench.js';

const KEY = 'xM4sQw9LkB2vT7yRzN0cJfGhDpKaUe3i5oVbYt8lCmE';
const SECRET = 'the content of a session';

/** Everything that a log, a monitor or a debugger would make of a value. */
function printed(value: unknown): string {
  const texts = [
    inspect(value, { depth: 20, showHidden: true, getters: true }),
    JSON.stringify(value) ?? '',
    String(value),
  ];
  if (value instanceof Error)
    texts.push(
      value.message,
      value.stack ?? '',
      printed(Object.fromEntries(Object.entries(value))),
      printed(value.cause ?? ''),
    );
  return texts.join('\n');
}

async function failureOf(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing failed.');
}

const user = (fields: Partial<User> = {}) =>
  Object.assign(new User(), { note: SECRET, userId: 'owner@example.com' }, fields);

type Bench = ReturnType<typeof sessionBench>;
type Failing = (bench: Bench, cookie: string) => Promise<unknown>;

async function commit({ open }: Bench, cookie: string | undefined, change: (value: User) => void): Promise<unknown> {
  const { sessions } = open(cookie);
  change(await sessions.getOrFresh(User));
  return sessions.commit(false);
}

describe('no error, event or object shows an id, a key or a content', () => {
  const cases: ReadonlyArray<[string, SessionBenchOptions, Failing]> = [
    [
      'a clash',
      { onClash: 'reject' },
      async (bench, cookie) => {
        bench.storage.let(
          'replace',
          isOvertaken(async () => {
            // In another process: writers of one queue.
            const elsewhere = trackerOver(bench.storage, bench.clock.now);
            const previous = sessionOf(await elsewhere.load(cookie.slice('user='.length)));
            previous.value['note'] = `${SECRET} 2`;
            await elsewhere.store({ value: previous.value, previous, call: bench.open().call });
          }),
        );
        return commit(bench, cookie, (value) => (value['note'] = `${SECRET} 3`));
      },
    ],
    [
      'a storage that fails to read',
      {},
      async (bench, cookie) => {
        bench.storage.let('read', fails);
        return bench.open(cookie).sessions.get(User);
      },
    ],
    [
      'a storage that fails to write',
      {},
      async (bench) => {
        bench.storage.let('create', fails);
        return commit(bench, undefined, (value) => Object.assign(value, user()));
      },
    ],
    [
      'a session that is too large',
      { kind: 'by-value' },
      (bench) => commit(bench, undefined, (value) => Object.assign(value, user({ big: SECRET.repeat(500) }))),
    ],
    [
      'a value that cannot be written',
      {},
      (bench) => commit(bench, undefined, (value) => Object.assign(value, user({ callback: () => SECRET }))),
    ],
    [
      'a plain object that is set',
      {},
      async (bench) => bench.open().sessions.set(Object.fromEntries(Object.entries(user()))),
    ],
    ['a text that is set', {}, async (bench) => bench.open().sessions.set(SECRET as never)],
    [
      'a response that has gone',
      {},
      async (bench) => {
        const { sessions, call } = bench.open();
        call.leave();
        sessions.set(user());
      },
    ],
    [
      'an id provider that gives nonsense',
      { sessionIdProvider: () => `${SECRET} `.repeat(50) },
      (bench) => commit(bench, undefined, (value) => Object.assign(value, user())),
    ],
    [
      'an encoding that cannot represent a value',
      { kind: 'by-value' },
      async (bench) => new SessionTransportCookie('user', { encoding: 'raw' }).send(bench.open().call, `${SECRET};`),
    ],
  ];

  it.each(cases)('%s', async (_, options, failing) => {
    const bench = sessionBench(options);
    const cookie = options.sessionIdProvider ? 'user=a-cookie-nobody-has' : await bench.begun(user());
    const error = await failureOf(() => failing(bench, cookie));
    const all = printed(error) + printed(bench.events);
    expect(all).not.toContain(SECRET);
    expect(all).not.toContain('owner@example.com');
    expect(all).not.toContain(cookie.slice('user='.length));
  });

  it('in the events of a whole life', async () => {
    const bench = sessionBench();
    const cookie = await bench.begun(user());
    const seen: SessionEvent[] = [];
    const keep = (): void => void seen.push(...bench.events.splice(0));
    await bench.visit(cookie, async (sessions) => void (await sessions.get(User))!.visits++);
    keep();
    const second = await bench.visit(cookie, (sessions) => sessions.regenerate(User));
    await bench.visit(cookie, (sessions) => sessions.get(User));
    await bench.visit(`${second.cookie}; user=${SECRET.replaceAll(' ', '+')}`, (sessions) => sessions.get(User));
    await bench.visit(second.cookie, (sessions) => sessions.clear(User));
    await bench.visit(second.cookie, (sessions) => sessions.get(User));
    keep();
    expect(new Set(seen.map(({ type }) => type))).toEqual(
      new Set(['loaded', 'changed', 'rotated', 'rejected', 'duplicate', 'cleared']),
    );
    for (const secret of [SECRET, 'owner@example.com', cookie.slice(5), second.cookie!.slice(5)]) {
      expect(printed(seen)).not.toContain(secret);
    }
  });

  it('in providers, trackers, transports, builders and exchanges', async () => {
    const building = new SessionProviderBuilder({ keys: KEY });
    const built = [
      building.build({ type: User, name: 'user' }),
      building.build({ type: User, name: 'kept', tracker: 'by-id' }),
      building.build({ type: User, name: 'X-Session', transport: 'header' }),
    ].map(({ provider }) => provider);
    const tracker = built[1]!.tracker as SessionTrackerById<User>;
    const result = await tracker.store({ value: user(), call: EMPTY_CALL });
    if (result.status !== 'created') throw new Error(result.status);
    const bench = sessionBench();
    const cookie = await bench.begun(user());
    const { sessions } = bench.open(cookie);
    await sessions.get(User);
    const objects = [...built, building, new KeyRing(KEY), sessions, tracker.storage, tracker];
    const all = objects.map(printed).join('\n');
    for (const secret of [KEY, SECRET, 'owner@example.com', result.transportValue, cookie.slice(5)]) {
      expect(all).not.toContain(secret);
    }
  });

  it.each<[string, string | readonly string[]]>([
    ['short', 'abcdefgh-zyxw'],
    ['repeated', 'hunter2!'.repeat(8)],
    ['twice', [KEY, KEY]],
    ['with white space', ` ${KEY}`],
  ])('in the refusal of a key that is %s', async (_, keys) => {
    const error = await failureOf(() => new KeyRing(keys));
    expect(error).toBeInstanceOf(SessionConfigurationError);
    for (const key of [keys].flat()) expect(printed(error)).not.toContain(key.trim());
  });
});
