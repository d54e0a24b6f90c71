import { assertOneOf, assertKnownOptions } from '../../../src/errors/known-options.js';
import { SessionConfigurationError } from '../../../src/errors/session.errors.js';

describe('refuseUnknownOptions', () => {
  const refuse = (options: object) => () => assertKnownOptions('Here', options, ['keys', 'storage', 'idleTimeout']);

  it('takes what is known, also where it is undefined', () => {
    expect(refuse({ keys: 1, storage: undefined })).not.toThrow();
    expect(refuse({})).not.toThrow();
  });

  it('names the closest option and all known options, but no value', () => {
    expect(refuse({ key: 'top secret' })).toThrow(SessionConfigurationError);
    expect(refuse({ key: 'top secret' })).toThrow(
      'Here: unknown option "key". Did you mean keys? Known: keys, storage, idleTimeout.',
    );
    expect(refuse({ STORE: 1 })).toThrow('Did you mean storage?');
    expect(refuse({ idleTimeoutInSeconds: 1 })).toThrow('Did you mean idleTimeout?');
    expect(refuse({ other: 1 })).toThrow('Here: unknown option "other". Known: keys, storage, idleTimeout.');
  });
});

describe('assertOneOf', () => {
  it('takes what is allowed, or not said', () => {
    expect(() => assertOneOf('Here', 'x', 'a', ['a', 'b'])).not.toThrow();
    expect(() => assertOneOf('Here', 'x', undefined, ['a', 'b'])).not.toThrow();
  });

  it.each(['c', '', null, 5, {}])('refuses %p', (value) => {
    expect(() => assertOneOf('Here', 'x', value, ['a', 'b'])).toThrow("Here: x must be one of 'a', 'b'.");
  });
});
