import { errorKind } from '../../../src/errors/error-kind.js';

class ReplyError extends Error {}
const coded = (message: string, codes: object) => Object.assign(new ReplyError(message), codes);

describe('what an error is, for logs', () => {
  it.each<[string, unknown, string]>([
    ['a code', coded('connect 10.0.0.1', { code: 'ECONNREFUSED' }), 'ReplyError ECONNREFUSED'],
    [
      'the number of a code',
      coded('full', { code: 'ERR_SQLITE_ERROR', errcode: 13 }),
      'ReplyError ERR_SQLITE_ERROR 13',
    ],
    ['no code', coded('Key (id)=(secret) exists', {}), 'ReplyError'],
    ['a code of Redis', coded('OOM command not allowed', {}), 'ReplyError OOM'],
    ['a word that is none', coded('SECRET is wrong', {}), 'ReplyError'],
    ['a code that is a sentence', coded('', { code: 'the key secret' }), 'ReplyError'],
    ['a text', 'secret', 'a string'],
    ['nothing', undefined, ''],
    ['an object without a class', Object.create(null), 'an error without a name'],
  ])('says class and code, never the message, of what a client says: %s', (_, error, kind) => {
    expect(errorKind(error)).toBe(kind);
  });

  it('follows a chain of causes, not for ever', () => {
    const socket = coded('secret', { code: 'ETIMEDOUT' });
    expect(errorKind(new Error('secret', { cause: socket }))).toBe('Error, from ReplyError ETIMEDOUT');
    const circle = new TypeError('secret');
    circle.cause = circle;
    expect(errorKind(circle)).toBe('TypeError, from TypeError, from TypeError');
  });
});
