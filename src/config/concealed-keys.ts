import { KeyRing } from '../keys/key-ring.js';
import type { SessionKeys, SessionOverrides, SessionRegistration, SharedOptions } from './session-options.js';

/** Throws the error of invalid keys when they are used. */
class InvalidKeys {
  readonly #error: unknown;

  constructor(error: unknown) {
    this.#error = error;
  }

  reject(): never {
    throw this.#error;
  }
}

/** Replaces keys with key rings, which reveal no key. */
export function concealKeys<O extends SharedOptions>(options: O): O {
  if (typeof options !== 'object' || options === null) return options;
  const { keys, sessions } = options;
  return {
    ...options,
    ...(isGiven(keys) ? { keys: concealed(keys) } : {}),
    ...(Array.isArray(sessions) ? { sessions: (sessions as readonly SessionRegistration[]).map(concealedIn) } : {}),
  };
}

/** @throws {SessionConfigurationError} if keys are missing or weak. */
export function toKeyRing(keys: Exclude<SessionKeys, undefined>): KeyRing {
  if (keys instanceof InvalidKeys) return keys.reject();
  return keys instanceof KeyRing ? keys : new KeyRing(keys);
}

/** `false` for `[undefined]`: a variable that is not set. */
export function isGiven(keys: SessionKeys): keys is Exclude<SessionKeys, undefined> {
  return keys !== undefined && !(Array.isArray(keys) && keys.every((key) => key === undefined));
}

function concealed(keys: Exclude<SessionKeys, undefined>): KeyRing {
  try {
    return toKeyRing(keys);
  } catch (error) {
    return new InvalidKeys(error) as unknown as KeyRing;
  }
}

function concealedIn(registration: SessionRegistration): SessionRegistration {
  const isPlain = typeof registration === 'object' && registration !== null && 'keys' in registration;
  const { keys } = (isPlain ? registration : {}) as Partial<SessionOverrides>;
  return keys === undefined ? registration : { ...(registration as SessionOverrides), keys: concealed(keys) };
}
