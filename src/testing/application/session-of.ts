import { SessionExchange } from '../../session/session-exchange.js';
import type { SessionClass } from '../../tracker/session-class.js';
import { SILENCE, sessionsOfApplication, type ApplicationUnderTest } from './application.js';
import { heldBy, type SessionHolder } from './held-headers.js';
import { TestCall } from './test-call.js';

/**
 * The session of a client. Does not renew it and reports no event.
 * @param source a response, a supertest agent, a cookie jar, or request headers.
 */
export async function sessionOf<S extends object>(
  app: ApplicationUnderTest,
  source: SessionHolder,
  type: SessionClass<S>,
): Promise<S | undefined> {
  const exchange = new SessionExchange(await sessionsOfApplication(app), new TestCall(heldBy(source)), SILENCE);
  return exchange.get(type);
}
