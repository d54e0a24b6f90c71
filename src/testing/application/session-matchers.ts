import { inspect, isDeepStrictEqual } from 'node:util';
import type { SessionClass } from '../../tracker/session-class.js';
import { providerIn, type ApplicationUnderTest } from './application.js';
import { setCookieLine, type SessionHolder } from './held-headers.js';
import { sessionOf } from './session-of.js';

export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** Methods of `expect`; see docs/testing.md for the declaration. */
export interface SessionMatchers<R = unknown> {
  /** The client holds a session of this class with at least these fields. Reads the storage. */
  toHaveSession<S extends object>(type: SessionClass<S>, fields?: Partial<S>): Promise<R>;
  /** The response clears the session. */
  toClearSession(type: SessionClass): Promise<R>;
}

/**
 * For `expect.extend` of jest and vitest.
 * @param app returns the application of the running test.
 */
export function sessionMatchers(app: () => ApplicationUnderTest): {
  toHaveSession(received: SessionHolder, type: SessionClass, fields?: object): Promise<MatcherResult>;
  toClearSession(received: SessionHolder, type: SessionClass): Promise<MatcherResult>;
} {
  return {
    async toHaveSession(received, type, fields = {}) {
      const session = await sessionOf(app(), received, type);
      const wrong = Object.entries(fields).filter(
        ([name, value]) => !isDeepStrictEqual((session as Record<string, unknown> | undefined)?.[name], value),
      );
      const pass = session !== undefined && wrong.length === 0;
      const found = session === undefined ? 'found none' : `found ${inspect(session)}`;
      const expected = Object.keys(fields).length > 0 ? ` with ${inspect(fields)}` : '';
      return { pass, message: () => `Expected ${pass ? 'no ' : ''}session ${type.name}${expected}, ${found}.` };
    },
    async toClearSession(received, type) {
      const { name: session, transport } = await providerIn(app(), type);
      const name = (transport as { readonly name?: string }).name ?? session;
      const line = setCookieLine(received, name);
      const pass = line !== undefined && /;\s*Max-Age=0\b/i.test(line);
      const found = line === undefined ? 'sets no such cookie' : pass ? 'clears it' : 'sets it';
      return {
        pass,
        message: () => `Expected cookie "${name}" ${pass ? 'not ' : ''}to be cleared; the response ${found}.`,
      };
    },
  };
}
