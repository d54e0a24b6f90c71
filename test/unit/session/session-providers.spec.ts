import { SessionConfigurationError } from '../../../src/errors/session.errors.js';
import { SessionSerializerReflection } from '../../../src/serializer/session-serializer-reflection.js';
import { SessionProvider } from '../../../src/session/session-provider.js';
import { SessionProviders } from '../../../src/session/session-providers.js';
import { SessionTrackerByValue } from '../../../src/tracker/session-tracker-by-value.js';
import { SessionTransportCookie } from '../../../src/transport/session-transport-cookie.js';
import { SessionTransportHeader } from '../../../src/transport/session-transport-header.js';
import type { SessionTransport } from '../../../src/transport/session-transport.js';

class User {}
class Admin extends User {}
class Cart {}

function provider(name: string, type: new () => object, transport?: SessionTransport): SessionProvider {
  const tracker = new SessionTrackerByValue(type, new SessionSerializerReflection(type));
  return new SessionProvider(name, type, transport ?? new SessionTransportCookie(name), tracker);
}

function registered(...all: readonly SessionProvider[]): SessionProviders {
  const providers = new SessionProviders();
  for (const one of all) providers.register(one);
  return providers;
}

describe('SessionProvider', () => {
  it("prints as Ktor's does, without keys or content", () => {
    expect(String(provider('user', User))).toBe(
      'SessionProvider(name = user, type = class User, transport = SessionTransportCookie: user, ' +
        'tracker = SessionTrackerByValue, sendOnlyIfModified = true)',
    );
  });

  it('has defaults for its policies', () => {
    expect(provider('user', User)).toMatchObject({
      sendOnlyIfModified: true,
      saveOnServerError: false,
      onUnavailable: 'reject',
    });
  });
});

describe('register', () => {
  it("refuses a name twice, in Ktor's words", () => {
    const register = () => registered(provider('s', User), provider('s', Cart));
    expect(register).toThrow(SessionConfigurationError);
    expect(register).toThrow(
      'There is already registered session provider with name s: SessionProvider(name = s, type = class User, ',
    );
    expect(register).toThrow("Give class Cart another name in its @Session('…').");
  });

  it("refuses a class twice, in Ktor's words", () => {
    const register = () => registered(provider('a', User), provider('b', User));
    expect(register).toThrow(
      'There is already registered session provider for type class User: SessionProvider(name = a, type = class User, ',
    );
    expect(register).toThrow('Register it once, or extend the class for "b".');
  });

  it('refuses two sessions in one cookie, or in one header whatever its case', () => {
    const header = (name: string, type: new () => object) => provider(name, type, new SessionTransportHeader(name));
    expect(() => registered(header('X-Session', User), header('x-session', Cart))).toThrow(
      '"x-session" and "X-Session" use the same header x-session. Give one of them another name.',
    );
    const shared = () => registered(provider('a', User), provider('b', Cart, new SessionTransportCookie('a')));
    expect(shared).toThrow('"b" and "a" use the same cookie a.');
  });

  it('takes what is different', () => {
    const custom = { kind: 'query', requestHeader: 'X', transformers: [] } as unknown as SessionTransport;
    const all = [
      provider('a', User),
      provider('A', Admin),
      provider('X-A', Cart, new SessionTransportHeader('a')),
      provider('c', class Other {}, custom),
      provider('d', class Another {}, { ...custom }),
    ];
    expect(registered(...all).all).toEqual(all);
  });

  it('gives a copy of the list', () => {
    const providers = registered(provider('a', User));
    (providers.all as SessionProvider[]).pop();
    expect(providers.all).toHaveLength(1);
  });
});

describe('findByType', () => {
  it('finds exactly the class', () => {
    const providers = registered(provider('a', User));
    expect(providers.findByType(User).name).toBe('a');
    expect(providers.get(User)?.name).toBe('a');
    expect(providers.get(Admin)).toBeUndefined();
    expect(() => providers.findByType(Admin)).toThrow('Session data for type `class Admin` was not registered.');
    expect(() => providers.findByType(undefined as never)).toThrow('Session data for type `class undefined`');
  });
});

describe('findByValue', () => {
  const providers = registered(provider('a', User), provider('c', Cart));

  it('finds the class of a value, or the nearest that it extends', () => {
    expect(providers.findByValue(new User()).name).toBe('a');
    expect(providers.findByValue(new Admin()).name).toBe('a');
    expect(registered(provider('a', User), provider('b', Admin)).findByValue(new Admin()).name).toBe('b');
  });

  it.each([
    [{}, 'Object'],
    [[], 'Array'],
    [Object.create(null), 'Object'],
    [new (class Stranger {})(), 'Stranger'],
  ])('refuses %j by the name of its class', (value, name) => {
    expect(() => providers.findByValue(value as object)).toThrow(
      `Session data for type \`class ${name}\` was not registered.`,
    );
  });

  it.each([
    [null, 'null'],
    [undefined, 'undefined'],
    ['top secret', 'string'],
    [5, 'number'],
    [() => {}, 'function'],
  ])('refuses %p, and shows nothing of it', (value, name) => {
    expect(() => providers.findByValue(value as never)).toThrow(
      expect.objectContaining({
        code: 'SESSION_WRONG_VALUE',
        message:
          `${name} cannot be cast to a session. Set an instance of a session class; to end a session call ` +
          'sessions.clear(Type).',
      }),
    );
  });

  it('takes the class from the prototype, because a field called constructor is content', () => {
    const body = JSON.parse('{"constructor":{"name":"top secret"}}') as object;
    expect(() => providers.findByValue(body)).toThrow('class Object');
    expect(() => providers.findByValue(body)).not.toThrow('top secret');
  });
});
