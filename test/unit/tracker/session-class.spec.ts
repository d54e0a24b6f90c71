import { wrongValue } from '../../../src/tracker/session-class.js';

class UserSession {}
class Other {}

describe('wrongValue', () => {
  it.each([
    [null, 'null'],
    [undefined, 'undefined'],
    [5, 'number'],
    ['top secret', 'string'],
    [{ a: 1 }, 'a plain object'],
    [Object.create(null), 'a plain object'],
    [[], 'an instance of Array'],
    [new Other(), 'an instance of Other'],
    [new (class {})(), 'a plain object'],
  ])("reports what is wrong with %j in Ktor's words, without its content", (value, described) => {
    const error = wrongValue(UserSession, value);
    expect(error).toMatchObject({ code: 'SESSION_WRONG_VALUE' });
    expect(error.message).toBe(
      `Value for this session tracker expected to be of type class UserSession but was ${described}. ` +
        'Set an instance made by `new UserSession()`.',
    );
  });

  it('takes the class from the prototype, because a field called constructor is content', () => {
    const body: unknown = JSON.parse('{"constructor":{"name":"top secret\\nforged line"}}');
    expect(wrongValue(UserSession, body).message).not.toContain('top secret');
    const value = Object.assign(new Other(), { constructor: { name: 'top secret' } });
    expect(wrongValue(UserSession, value).message).toContain('an instance of Other');
  });
});
