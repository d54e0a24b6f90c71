import type { SessionEvents } from '../../session/session-event.js';
import type { SessionProvider } from '../../session/session-provider.js';
import type { SessionProviders } from '../../session/session-providers.js';
import type { SessionClass } from '../../tracker/session-class.js';

/** A NestJS application or `TestingModule`. */
export interface ApplicationUnderTest {
  get(token: never, options?: { strict: boolean }): unknown;
}

/** Lazy: the storage contract in the same entry does not need NestJS. */
export async function sessionsOfApplication(app: ApplicationUnderTest): Promise<SessionProviders> {
  const { SessionsRuntime } = await import('../../module/sessions-runtime.js');
  const runtime = app.get(SessionsRuntime as never, { strict: false }) as InstanceType<typeof SessionsRuntime>;
  return runtime.providers;
}

export async function providerIn<S extends object>(
  app: ApplicationUnderTest,
  type: SessionClass<S>,
): Promise<SessionProvider<S>> {
  return (await sessionsOfApplication(app)).findByType(type);
}

export const SILENCE = {
  isObserved: () => false,
  emit: () => undefined,
} as unknown as SessionEvents;
