import { SessionExchange } from '../../session/session-exchange.js';
import type { SessionClass } from '../../tracker/session-class.js';
import { SILENCE, sessionsOfApplication, type ApplicationUnderTest } from './application.js';
import { heldBy, type SessionHolder } from './held-headers.js';
import { TestCall } from './test-call.js';

/**
 * The session that a client holds, or `undefined`. Does not renew it, and reports no event.
 * @param app an application or `TestingModule` that imports `SessionsModule`.
 * @param source a response of fetch, supertest or light-my-request; a supertest agent or another cookie jar; or headers
 * of {@link sessionCookie}. A response that sets no session cookie contains no session: use the jar.
 */
export async function sessionOf<S extends object>(
  app: ApplicationUnderTest,
  source: SessionHolder,
  type: SessionClass<S>,
): Promise<S | undefined> {
  const exchange = new SessionExchange(await sessionsOfApplication(app), new TestCall(heldBy(source)), SILENCE);
  return exchange.get(type);
}
