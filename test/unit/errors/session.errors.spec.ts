import { inspect } from 'node:util';
import {
  SessionConfigurationError,
  SessionConflictError,
  SessionError,
  SessionLimitError,
  SessionStorageUnavailableError,
  SessionTooLargeError,
  SessionTooLateError,
  SessionUnserializableError,
  type AnySessionError,
  type SessionErrorCode,
} from '../../../src/errors/session.errors.js';

const cause = new Error('behind it');

const ALL: ReadonlyArray<[SessionError, string, SessionErrorCode, number | undefined]> = [
  [new SessionError('SESSION_WITHOUT_ID', 'No id.'), 'SessionError', 'SESSION_WITHOUT_ID', undefined],
  [new SessionConfigurationError('Bad.', { cause }), 'SessionConfigurationError', 'SESSION_CONFIGURATION', undefined],
  [new SessionTooLateError(), 'SessionTooLateError', 'SESSION_TOO_LATE', undefined],
  [new SessionTooLargeError('cart', 5000, 4096, []), 'SessionTooLargeError', 'SESSION_TOO_LARGE', undefined],
  [
    new SessionUnserializableError('Cart.f', 'a function'),
    'SessionUnserializableError',
    'SESSION_UNSERIALIZABLE',
    undefined,
  ],
  [new SessionConflictError('cart', ['a', 'b']), 'SessionConflictError', 'SESSION_CONFLICT', 409],
  [new SessionLimitError('cart', 5), 'SessionLimitError', 'SESSION_LIMIT', 409],
  [new SessionStorageUnavailableError('Down.'), 'SessionStorageUnavailableError', 'SESSION_STORAGE_UNAVAILABLE', 503],
];

describe.each(ALL.map(([error, name, ...rest]) => [name, error, ...rest] as const))(
  '%s',
  (name, error, code, statusCode) => {
    it('has a name, a code and a status for the client, if it is for the client', () => {
      expect(error).toBeInstanceOf(SessionError);
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject({ name, code });
      expect(error.statusCode).toBe(statusCode);
      // What Nest 12, Express and Fastify go by.
      expect([error.status, error.expose]).toEqual(
        statusCode === undefined ? [undefined, undefined] : [statusCode, true],
      );
      expect(inspect(error)).toContain(name);
      expect(error.stack).toContain('session.errors.spec');
    });
  },
);

describe('a storage that failed', () => {
  it('shows of its cause what it is, and no word of its message or fields', () => {
    const cause = Object.assign(new RangeError('key secret'), { code: 'E1', command: { args: ['secret'] } });
    const error = new SessionStorageUnavailableError('Down.', { cause });
    for (const shown of [inspect(error), inspect({ error }, { depth: 9 }), inspect(new Error('o', { cause: error }))]) {
      expect(shown).toContain("cause: 'RangeError E1'");
      expect(shown).not.toContain('secret');
    }
    expect(error.cause).toBe(cause);
  });
});

describe('messages', () => {
  it("say in Ktor's words that it is too late, and what to do", () => {
    expect(new SessionTooLateError().message).toBe(
      "It's too late to set session: response most likely already has been sent. " +
        'Change the session before the first byte of the response, or `await sessions.save()` before streaming.',
    );
  });

  it('say what is too large, by field', () => {
    const fields = [
      { name: 'items', size: 4000 },
      { name: 'note', size: 700 },
    ];
    const error = new SessionTooLargeError('cart', 5000, 4096, fields);
    expect(error).toMatchObject({ size: 5000, limit: 4096, fields });
    expect(error.message).toBe(
      'Session "cart" has 5000 bytes; the limit is 4096. Its largest fields: items (4000 bytes), note (700 bytes). ' +
        "Store less in it, or store it on the server: @Session(name, { tracker: 'by-id' }).",
    );
    expect(new SessionTooLargeError('cart', 5000, 4096, []).message).not.toContain('fields');
  });

  it('say where the value stands that cannot be stored, and what to do', () => {
    const error = new SessionUnserializableError('Cart.items[2].f', 'a function');
    expect(error.path).toBe('Cart.items[2].f');
    expect(error.message).toBe(
      'Cart.items[2].f cannot be stored in a session: a function. Mark the field with @Exclude() or @Transform().',
    );
    const advised = new SessionUnserializableError('Cart', 'a cycle', { advice: 'Cut it.', cause });
    expect(advised.message).toBe('Cart cannot be stored in a session: a cycle. Cut it.');
    expect(advised.cause).toBe(cause);
    expect(advised).not.toHaveProperty('advice');
  });

  it('say which fields clash', () => {
    expect(new SessionConflictError('cart', ['a', 'b']).message).toBe(
      'Session "cart" was changed by another request (a, b). Repeat the request.',
    );
  });
});

describe('a storage that is unavailable', () => {
  it('keeps its cause, and says when to try again', () => {
    expect(new SessionStorageUnavailableError('Down.', { cause, retryAfterInSeconds: 15 })).toMatchObject({
      cause,
      retryAfterInSeconds: 15,
    });
    expect(new SessionStorageUnavailableError('Down.').retryAfterInSeconds).toBe(1);
  });
});

describe('a cause', () => {
  it('is there only if there is one', () => {
    expect(new SessionConfigurationError('Bad.', { cause }).cause).toBe(cause);
    expect('cause' in new SessionConfigurationError('Bad.')).toBe(false);
    expect('cause' in new SessionError('SESSION_CONFLICT', 'Bad.')).toBe(false);
  });
});

describe('A code', () => {
  it('narrows an error to its class', () => {
    const fieldsOf = (error: AnySessionError): readonly string[] => {
      if (error.code === 'SESSION_TOO_LARGE') return error.fields.map(({ name }) => name);
      return error.code === 'SESSION_UNSERIALIZABLE' ? [error.path] : [];
    };
    expect(fieldsOf(new SessionTooLargeError('s', 2, 1, [{ name: 'items', size: 2 }]))).toEqual(['items']);
    expect(fieldsOf(new SessionUnserializableError('S.save', 'it is a function'))).toEqual(['S.save']);
    expect(fieldsOf(new SessionTooLateError())).toEqual([]);
  });

  it('is printed without fields that hold nothing', () => {
    expect(inspect(new SessionTooLateError())).not.toContain('undefined');
    expect(Object.keys(new SessionTooLateError())).not.toContain('statusCode');
  });
});
