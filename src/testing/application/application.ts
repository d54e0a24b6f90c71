import type { SessionEvents } from '../../session/session-event.js';
import type { SessionProvider } from '../../session/session-provider.js';
import type { SessionProviders } from '../../session/session-providers.js';
import type { SessionClass } from '../../tracker/session-class.js';

/** A NestJS application, or a `TestingModule`. */
export interface ApplicationUnderTest {
  get(token: never, options?: { strict: boolean }): unknown;
}

/**
 * The sessions of an application. NestJS is imported here, at the first call: the storage contract of the same entry
 * needs none.
 */
export async function sessionsOfApplication(app: ApplicationUnderTest): Promise<SessionProviders> {
  const { SessionsRuntime } = await import('../../module/sessions-runtime.js');
  const runtime = app.get(SessionsRuntime as never, { strict: false }) as InstanceType<typeof SessionsRuntime>;
  return runtime.providers;
}

/** The provider of one class in an application. @throws {SessionError} when the class is not registered. */
export async function providerIn<S extends object>(
  app: ApplicationUnderTest,
  type: SessionClass<S>,
): Promise<SessionProvider<S>> {
  return (await sessionsOfApplication(app)).findByType(type);
}

/** Nobody isObserved of what a test helper does. */
export const SILENCE = {
  isObserved: () => false,
  emit: () => undefined,
} as unknown as SessionEvents;
