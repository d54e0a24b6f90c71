import { KeyRing } from '../../../src/keys/key-ring.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import { SessionEvents, type SessionEvent } from '../../../src/session/session-event.js';
import { SessionExchange } from '../../../src/session/session-exchange.js';
import { SessionProvider, type SessionPolicies } from '../../../src/session/session-provider.js';
import { SessionProviders } from '../../../src/session/session-providers.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';
import { SessionTrackerByValue } from '../../../src/tracker/session-tracker-by-value.js';
import { SessionTransportTransformerSeal } from '../../../src/transformer/session-transport-transformer-seal.js';
import type { SessionTransportTransformer } from '../../../src/transformer/session-transport-transformer.js';
import { SessionTransportCookie } from '../../../src/transport/session-transport-cookie.js';
import { ScriptedStorage } from '../tracker/scripted-storage.js';
import { START, trackerOver, User, type BenchOptions } from '../tracker/tracker-bench.js';
import { FakeCall } from '../transport/fake-call.js';

export { User };
export type Kind = 'by-id' | 'by-value';

export interface SessionBenchOptions extends BenchOptions {
  readonly kind?: Kind;
  readonly policies?: SessionPolicies;
  readonly transformers?: readonly SessionTransportTransformer[];
}

/** What a client got. */
export interface Visit {
  readonly call: FakeCall;
  /** The line that sets or clears the session's cookie. */
  readonly setCookie: string | undefined;
  /** What the client sends next; `undefined`: nothing. */
  readonly cookie: string | undefined;
  /** What happened, without what was only loaded. */
  readonly events: readonly string[];
}

const KEYS = new KeyRing('xM4sQw9LkB2vT7yRzN0cJfGhDpKaUe3i5oVbYt8lCmE');

/** One session called `user`, its storage and clock, and requests that use it. */
export function sessionBench({ kind = 'by-id', policies = {}, ...options }: SessionBenchOptions = {}) {
  const clock = new FakeClock(START);
  const storage = new ScriptedStorage(clock.now, options.touch === undefined ? {} : { touch: options.touch });
  const tracker =
    kind === 'by-id'
      ? trackerOver(storage, clock.now, options)
      : new SessionTrackerByValue(User, new SessionSerializerReflection(User), {
          ownerOf: (value) => value.userId,
          now: clock.now,
        });
  const seal = new SessionTransportTransformerSeal(KEYS, { name: 'user', transport: 'cookie' });
  const transformers = options.transformers ?? (kind === 'by-id' ? [] : [seal]);
  const transport = new SessionTransportCookie('user', {}, transformers);
  const provider = new SessionProvider<User>('user', User, transport, tracker, { now: clock.now, ...policies });
  const providers = new SessionProviders();
  providers.register(provider);
  const events: SessionEvent[] = [];
  const observer = new SessionEvents([(event) => events.push(event)]);

  const open = (cookie?: string): { sessions: SessionExchange; call: FakeCall } => {
    const call = cookie === undefined ? new FakeCall() : FakeCall.withCookie(cookie);
    return { call, sessions: new SessionExchange(providers, call, observer) };
  };

  /** One request: handles it, commits, and lets the response go. */
  async function visit(
    cookie: string | undefined,
    handle: (sessions: SessionExchange, call: FakeCall) => unknown,
    response: { readonly serverError?: boolean } = {},
  ): Promise<Visit> {
    const { sessions, call } = open(cookie);
    const before = events.length;
    await handle(sessions, call);
    await sessions.commit(response.serverError ?? false);
    call.leave();
    sessions.reportLateChanges(response.serverError ?? false);
    return visited(call, events.slice(before));
  }

  return {
    clock,
    storage,
    tracker,
    provider,
    events,
    open,
    visit,
    /** A session that is stored. @returns the cookie of its client. */
    async begun(fields: Partial<User> = { visits: 1 }): Promise<string> {
      const { cookie } = await visit(undefined, (sessions) => sessions.set(Object.assign(new User(), fields)));
      storage.calls = [];
      events.length = 0;
      return cookie!;
    },
    /** What a client with this cookie has. */
    async seen(cookie: string | undefined): Promise<object | undefined> {
      const { sessions } = open(cookie);
      const session = await sessions.get(User);
      events.length = 0;
      return session && { ...Object.fromEntries(Object.entries(session).filter(([, value]) => value !== undefined)) };
    },
  };
}

export function visited(call: FakeCall, events: readonly SessionEvent[]): Visit {
  const setCookie = call.cookies.get('user');
  return {
    call,
    setCookie,
    cookie: call.next('user').requestHeaders['cookie'],
    events: events.filter(({ type }) => type !== 'loaded').map(nameOf),
  };
}

function nameOf(event: SessionEvent): string {
  const detail = 'operation' in event ? event.operation : 'reason' in event ? event.reason : undefined;
  return detail === undefined ? event.type : `${event.type} ${detail}`;
}

export const CLEARED =
  'user=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax';
