import mongoose from 'mongoose';
import { ownerReader } from '../../../src/config/owner-reader.js';
import { SessionOwner } from '../../../src/config/session-owner.decorator.js';
import { SessionError } from '../../../src/errors/session.errors.js';

class UserSession {
  @SessionOwner() userId?: unknown;
}

class Nobodys {}

const ownerOf = ownerReader(UserSession);
const owner = (userId: unknown): string | undefined => ownerOf(Object.assign(new UserSession(), { userId }));

class Key {
  constructor(readonly text: unknown) {}
  toHexString(): unknown {
    return this.text;
  }
}

class Uuid {
  toString(): string {
    return '6f1c1b1e-8b1a-4c1d-9f1e-0a1b2c3d4e5f';
  }
}

describe('ownerReader', () => {
  it.each([undefined, null, ''])('takes %j for nobody', (userId) => {
    expect(owner(userId)).toBeUndefined();
  });

  it('finds nobody in a class without an owner', () => {
    expect(ownerReader(Nobodys)(new Nobodys())).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ['a text', 'ann', 'ann'],
    ['a number', 42, '42'],
    ['zero', 0, '0'],
    ['a bigint', 2n ** 64n, '18446744073709551616'],
    ['512 bytes', 'ü'.repeat(256), 'ü'.repeat(256)],
    ['an ObjectId', new mongoose.Types.ObjectId('64b7f0c2a1b2c3d4e5f60718'), '64b7f0c2a1b2c3d4e5f60718'],
    [
      'a UUID of mongoose',
      new mongoose.mongo.UUID('6f1c1b1e-8b1a-4c1d-9f1e-0a1b2c3d4e5f'),
      '6f1c1b1e-8b1a-4c1d-9f1e-0a1b2c3d4e5f',
    ],
    ['an object with a toString of its own', new Uuid(), '6f1c1b1e-8b1a-4c1d-9f1e-0a1b2c3d4e5f'],
    ['an object with toHexString', new Key('64b7'), '64b7'],
  ])('takes %s by its text', (_, userId, text) => {
    expect(owner(userId)).toBe(text);
  });

  it.each<[string, unknown, string]>([
    ['a plain object', { id: 'ann' }, 'it is a plain object'],
    ['an object without a prototype', Object.create(null), 'it is a plain object'],
    ['a list', ['ann'], 'it is an instance of Array'],
    ['a date', new Date(0), 'it is an instance of Date'],
    ['bytes', Buffer.from('ann'), 'it is an instance of Buffer'],
    ['a map', new Map(), 'it is an instance of Map'],
    ['a promise', Promise.resolve('ann'), 'it is an instance of Promise'],
    ['an error', new Error('top secret'), 'it is an instance of Error'],
    ['true', true, 'it is a boolean'],
    ['false', false, 'it is a boolean'],
    ['a function', () => 'ann', 'it is a function'],
    ['a symbol', Symbol('ann'), 'it is a symbol'],
    ['NaN', Number.NaN, 'it is NaN'],
    ['Infinity', Number.POSITIVE_INFINITY, 'it is Infinity'],
    ['513 bytes', 'x'.repeat(513), 'its text is longer than 512 bytes'],
    ['514 bytes in 257 characters', 'ü'.repeat(257), 'its text is longer than 512 bytes'],
    ['an object whose toHexString gives no text', new Key(5), 'it is an instance of Key'],
    [
      'an object whose toString throws',
      {
        toString: () => {
          throw new Error('top secret');
        },
      },
      'it is a plain object',
    ],
  ])('refuses %s, and names the field', (_, userId, problem) => {
    expect(() => owner(userId)).toThrow(SessionError);
    expect(() => owner(userId)).toThrow(`UserSession.userId cannot be the owner of a session: ${problem}`);
    expect(() => owner(userId)).not.toThrow('top secret');
  });
});
