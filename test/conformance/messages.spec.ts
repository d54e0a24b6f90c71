import { sessionsOf, SessionsModule, SessionStorageMemory } from 'nestjs-sessions';
import {
  SessionTransportTransformerMessageAuthentication,
  ktor,
  KtorCookieTransport,
  KtorHeaderTransport,
  KtorSessionStorage,
  string,
} from 'nestjs-sessions/ktor';
import { platforms, startApp } from '../support/platforms.js';
import { withServer, type Exchange } from './conformance.js';

class User {
  @string() name = '';
}
class Cart {
  @string() item = '';
}
class Unknown {}

const user = (more: object = {}) => ktor({ type: User, name: 'U', version: '3.5', ...more });
const cart = (more: object = {}) => ktor({ type: Cart, name: 'C', version: '3.5', ...more });

/** Ktor's memory storage. */
function memory(fail?: Error): KtorSessionStorage & { readonly texts: Map<string, string> } {
  const texts = new Map<string, string>();
  const storage = new KtorSessionStorage({
    read: async (id) => {
      if (fail) throw fail;
      return texts.get(id);
    },
    write: async (id, value) => void texts.set(id, value),
    invalidate: async (id) => texts.delete(id),
  });
  return Object.assign(storage, { texts });
}

// Section by section of the specification: what Ktor says, and what becomes of a request.
describe.each(platforms)('the words of Ktor, on $name', (platform) => {
  const thrown = async (run: (exchange: Exchange) => unknown, sessions = [user(), cart()]): Promise<unknown> => {
    let error: unknown;
    await withServer(
      platform,
      { sessions },
      {
        '/': async (exchange) => {
          try {
            await run(exchange);
          } catch (caught) {
            error = caught;
          }
        },
      },
      async (get) => void (await get('/')),
    );
    return error;
  };

  it.each<[string, (exchange: Exchange) => unknown, string]>([
    ['an unknown name', ({ sessions }) => sessions.findType('NOPE'), 'Session data for `NOPE` was not registered'],
    [
      'an unknown type',
      ({ sessions }) => sessions.get(Unknown),
      'Session data for type `class Unknown` was not registered',
    ],
    ['by value, the id', ({ sessions }) => sessions.id(User), "Provider U doesn't use session IDs"],
    [
      'by value, an end by id',
      ({ sessions }) => sessions.clear(User, 'id'),
      "Session provider `U` doesn't use session IDs",
    ],
  ])('says of %s what Ktor says', async (_what, run, message) => {
    expect(await thrown(run)).toMatchObject({ message: expect.stringContaining(message) });
  });

  it('says of several sessions by id what Ktor says', async () => {
    const both = [user({ storage: memory() }), cart({ storage: memory() })];
    expect(await thrown(({ sessions }) => sessions.id(), both)).toMatchObject({
      message: expect.stringContaining(
        'Multiple session providers installed. Please use sessionId<S>() function instead.',
      ),
    });
    expect(await thrown(({ sessions }) => sessions.id(), [user()])).toBeUndefined();
  });

  it('says of a missing plugin what Ktor says', async () => {
    const app = await startApp(platform, {
      prepare: (nest) => {
        nest.use((request: object, _response: unknown, next: (error?: unknown) => void) => {
          try {
            sessionsOf(request);
            next();
          } catch (error) {
            seen.push((error as Error).message);
            next();
          }
        });
      },
    });
    const seen: string[] = [];
    await fetch(app.url);
    await app.close();
    expect(seen).toEqual([expect.stringContaining('No application with SessionsModule.forRoot() was found')]);
  });
});

describe('the words of Ktor', () => {
  it.each<[() => unknown, string]>([
    [() => new KtorCookieTransport('a b'), 'Cookie name is not valid: a b'],
    [() => new KtorCookieTransport('U', { maxAgeInSeconds: -1 }), "maxAgeInSeconds shouldn't be negative: -1"],
    [() => new KtorHeaderTransport('a b'), "Header name 'a b' contains illegal character ' ' (code 32)"],
    [() => new SessionTransportTransformerMessageAuthentication(Buffer.alloc(0)), 'Empty key'],
  ])('stand in the error %#', (make, message) => {
    expect(make).toThrow(message);
  });

  it('say that a value is of another class', () => {
    const { tracker } = user();
    expect(() => tracker.validate(new Cart())).toThrow(
      /^Value for this session tracker expected to be of type class User but was /,
    );
    expect(() => tracker.validate(new User())).not.toThrow();
  });

  it('are in the text of a provider', () => {
    expect(String(user({ storage: new SessionStorageMemory() }))).toMatch(
      /^SessionProvider\(name = U, type = class User, transport = SessionTransportCookie: U, tracker = SessionTrackerById: .*, sendOnlyIfModified = false\)$/,
    );
    expect(SessionsModule.name).toBe('SessionsModule');
  });
});
