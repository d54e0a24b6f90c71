import { SessionError } from '../../errors/session.errors.js';
import { sendSession } from '../../session/send-session.js';
import { SessionExchange } from '../../session/session-exchange.js';
import type { SessionProvider } from '../../session/session-provider.js';
import type { SessionProviders } from '../../session/session-providers.js';
import { SILENCE, sessionsOfApplication, type ApplicationUnderTest } from './application.js';
import { backdated } from './backdated.js';
import { TestCall } from './test-call.js';

export type SessionHeaders = Record<string, string>;

/**
 * Request headers of a client with these sessions. Writes by-id sessions to the storage.
 * @throws {SessionError} if a class is not registered, or a value cannot be stored.
 */
export async function sessionCookie(app: ApplicationUnderTest, ...values: object[]): Promise<SessionHeaders> {
  const providers = await sessionsOfApplication(app);
  const call = new TestCall();
  const exchange = new SessionExchange(providers, call, SILENCE);
  for (const value of values) exchange.set(value);
  await exchange.commit(false);
  return headersFrom(
    call,
    values.map((value) => providers.findByValue(value)),
  );
}

/**
 * Like {@link sessionCookie}, but the session was ended on the server.
 * @throws {SessionError} for a by-value session.
 */
export async function endedSession(app: ApplicationUnderTest, value: object): Promise<SessionHeaders> {
  const { provider, exchange, headers } = await stored(app, value);
  const id = provider.tracker.clearById ? await exchange.id(provider.type) : undefined;
  if (id === undefined) {
    throw new SessionError(
      'SESSION_WITHOUT_ID',
      `Session "${provider.name}" is by value, so the server cannot end it. Use expiredSession().`,
    );
  }
  await provider.tracker.clearById!(id);
  return headers;
}

/**
 * Like {@link sessionCookie}, but the session has expired.
 * @throws {SessionError} for a session without timeouts.
 */
export async function expiredSession(app: ApplicationUnderTest, value: object): Promise<SessionHeaders> {
  const { provider, exchange, headers } = await stored(app, value);
  const old = await backdated(provider, exchange, value);
  if (old === undefined) return headers;
  const call = new TestCall();
  await sendSession(
    { provider, call, events: SILENCE },
    { value, createdAt: 0, renewedAt: 0, details: undefined },
    old,
  );
  return headersFrom(call, [provider]);
}

async function stored(
  app: ApplicationUnderTest,
  value: object,
): Promise<{ provider: SessionProvider; exchange: SessionExchange; headers: SessionHeaders }> {
  const providers: SessionProviders = await sessionsOfApplication(app);
  const provider = providers.findByValue<object>(value);
  const call = new TestCall();
  const exchange = new SessionExchange(providers, call, SILENCE);
  exchange.set(value);
  await exchange.commit(false);
  return { provider, exchange, headers: headersFrom(call, [provider]) };
}

function headersFrom(call: TestCall, providers: readonly SessionProvider[]): SessionHeaders {
  const headers: SessionHeaders = {};
  const cookies = [...call.cookies.values()].map((line) => line.split(';')[0]!);
  if (cookies.length > 0) headers['cookie'] = cookies.join('; ');
  for (const { transport } of providers) {
    const name = transport.requestHeader.toLowerCase();
    const sent = transport.kind === 'header' ? call.headers.get(name) : undefined;
    if (sent !== undefined) headers[name] = sent;
  }
  return headers;
}
