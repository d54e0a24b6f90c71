import { FakeCall } from '../transport/fake-call.js';
import { SessionProvider } from '../../../src/session/session-provider.js';
import type { SessionTracker } from '../../../src/tracker/session-tracker.js';
import { SessionTrackerByValue } from '../../../src/tracker/session-tracker-by-value.js';
import { SessionTransportCookie } from '../../../src/transport/session-transport-cookie.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';

class User {
  name = '';
}

const verbs = {
  load: () => undefined,
  store: () => 'sent',
  clear: () => undefined,
  validate: () => undefined,
};

const trackerOf = (tracker: SessionTracker<User>) =>
  new SessionProvider('user', User, new SessionTransportCookie('user'), tracker).tracker;

const user = (name: string): User => Object.assign(new User(), { name });
const call = new FakeCall();

describe('a tracker of four verbs', () => {
  it.each(['load', 'store', 'clear', 'validate'])('is refused without %s', (verb) => {
    expect(() => trackerOf({ ...verbs, [verb]: undefined })).toThrow(`has no ${verb}()`);
  });

  it('gets a default for everything else', async () => {
    const tracker = trackerOf(verbs);
    const session = { value: user('ada'), text: '', createdAt: 0, renewedAt: 0 };

    expect(tracker.kind).toBe('own');
    expect(tracker.newestWins).toBe(false);
    expect(tracker.serialize(user('ada'))).toBe('{"name":"ada"}');
    expect(tracker.isRenewalDue(session)).toBe(false);
    expect(tracker.changesTransportValue(session.value, session)).toBe(true);
    expect(tracker.fieldSizes(session.value)).toEqual([]);
    expect([tracker.reload, tracker.ownerOf, tracker.newId, tracker.clearById, tracker.capture]).toEqual(
      Array(5).fill(undefined),
    );
    expect(await tracker.load('x', call)).toEqual({ status: 'rejected', reason: 'unknown-id' });
    expect(await tracker.store({ value: user('ada'), call })).toMatchObject({
      status: 'created',
      transportValue: 'sent',
      session: { value: { name: 'ada' }, text: '{"name":"ada"}' },
    });
  });

  it('keeps what it does itself', async () => {
    const rejected = { status: 'rejected', reason: 'expired-idle' } as const;
    const tracker = trackerOf({
      ...verbs,
      load: () => rejected,
      store: async ({ previous }) => ({ status: 'unchanged', session: previous! }),
      kind: 'by-value',
      newestWins: true,
      serialize: ({ name }) => name,
      isRenewalDue: () => true,
      changesTransportValue: () => false,
      ownerOf: ({ name }) => name,
      newId: () => 'new',
      clearById: async () => undefined,
      reload: () => rejected,
      capture: () => undefined,
      isUnchanged: () => true,
      isRotationDue: () => true,
      read: user,
    });
    const session = { value: user('ada'), text: 'ada', createdAt: 0, renewedAt: 0 };

    expect([tracker.kind, tracker.newestWins]).toEqual(['by-value', true]);
    expect(tracker.serialize(user('ada'))).toBe('ada');
    expect(tracker.isRenewalDue(session)).toBe(true);
    expect(tracker.changesTransportValue(session.value, session)).toBe(false);
    expect(tracker.ownerOf?.(user('ada'))).toBe('ada');
    expect(tracker.newId?.(call)).toBe('new');
    expect(tracker.capture?.(user('ada'))).toBeUndefined();
    expect([tracker.isUnchanged?.(user('ada'), session), tracker.isRotationDue?.(session)]).toEqual([true, true]);
    expect(tracker.read?.('ada')).toEqual(user('ada'));
    expect(await tracker.clearById?.('x')).toBeUndefined();
    expect(await tracker.load('x', call)).toBe(rejected);
    expect(await tracker.reload?.(session, call)).toBe(rejected);
    expect(await tracker.store({ value: session.value, previous: session, call })).toEqual({
      status: 'unchanged',
      session,
    });
  });

  it('must load an instance: a row as it is would be no session', async () => {
    const load = (): User => JSON.parse('{"name":"ada","status":"new"}') as User;
    await expect(trackerOf({ ...verbs, load }).load('x', call)).rejects.toThrow(
      'The load() of the tracker of session "user" must return an instance of User, such as Object.assign(new User(), row)',
    );
    expect(await trackerOf({ ...verbs, load: () => Object.assign(new User(), load()) }).load('x', call)).toMatchObject({
      status: 'loaded',
      session: { value: { name: 'ada' } },
    });
  });

  it('is given the value with the change of update applied, and its text', async () => {
    const stored: unknown[] = [];
    const tracker = trackerOf({
      ...verbs,
      store: ({ value, text, revise }) => `${stored.push([value, text, revise])}`,
    });
    const value = user('ada');
    const previous = { value, text: '{"name":"ada"}', createdAt: 5, renewedAt: 5 };

    const result = await tracker.store({ value, previous, call, revise: (present) => (present.name = 'bob') });

    expect(stored).toEqual([[user('bob'), '{"name":"bob"}', undefined]]);
    expect(result).toMatchObject({ status: 'changed', session: { createdAt: 5, text: '{"name":"bob"}' } });
  });

  it('is named by its toString, or its class', () => {
    class DatabaseTracker {
      load = verbs.load;
      store = verbs.store;
      clear = verbs.clear;
      validate = verbs.validate;
    }
    expect(String(trackerOf(new DatabaseTracker()))).toBe('DatabaseTracker');
    expect(String(trackerOf({ ...verbs, toString: () => 'mine' } as SessionTracker<User>))).toBe('mine');
  });

  it('that leaves nothing out stays as it is', () => {
    const tracker = new SessionTrackerByValue(User, new SessionSerializerReflection(User));
    expect(trackerOf(tracker)).toBe(tracker);
  });
});
