import { SessionExchange } from '../../session/session-exchange.js';
import type { SessionClass } from '../../tracker/session-class.js';
import { SILENCE, sessionsOfApplication, type ApplicationUnderTest } from './application.js';
import { heldBy, type SessionHolder } from './held-headers.js';
import { TestCall } from './test-call.js';

/**
 * The session that a client holds after a response, or `undefined`. Reads without renewing, and reports no event.
 *
 * @param app a NestJS application or `TestingModule` that imports `SessionsModule`.
 * @param source a response of fetch, supertest or light-my-request; a supertest agent or another cookie jar; or the
 *   headers that {@link sessionCookie} gave. A response that set no session cookie holds none: ask the jar then.
 */
export async function sessionOf<S extends object>(
  app: ApplicationUnderTest,
  source: SessionHolder,
  type: SessionClass<S>,
): Promise<S | undefined> {
  const exchange = new SessionExchange(await sessionsOfApplication(app), new TestCall(heldBy(source)), SILENCE);
  return exchange.get(type);
}
