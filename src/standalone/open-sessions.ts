import { SessionConfigurationError } from '../errors/session.errors.js';
import { FUNCTION, type OptionRules } from '../config/option-rules.js';
import { assertSessionsOptions, SESSIONS_OPTION_RULES } from '../config/session-option-rules.js';
import { declaredSessions } from '../config/session-definition.js';
import { SessionProviderBuilder } from '../config/session-provider.builder.js';
import type { SharedOptions } from '../config/session-options.js';
import { SessionEvents } from '../session/session-event.js';
import { SessionProviders } from '../session/session-providers.js';
import type { FetchRequest } from './fetch-call.js';
import { FetchExchange, type FetchSessions } from './fetch-sessions.js';

/** Options of `SessionsModule` that need no NestJS. */
export interface OpenSessionsOptions extends SharedOptions {
  /** Gets warnings of the configuration. Default `process.emitWarning`. */
  readonly onWarning?: (sentence: string) => void;
}

const OPTION_RULES: OptionRules<OpenSessionsOptions> = { ...SESSIONS_OPTION_RULES, onWarning: { type: FUNCTION } };

export interface OpenedSessions {
  /** Call it once per request, because each call has its own instances. */
  of(request: FetchRequest): FetchSessions;

  /**
   * Runs `handler` and stores its changes. If it throws, only what `sessions.save()` stored is kept.
   * @returns a copy of the response, with the cookies.
   */
  handle(request: Request, handler: (sessions: FetchSessions) => Response | Promise<Response>): Promise<Response>;

  /** Stops timers and closes owned storages. */
  close(): Promise<void>;
}

/**
 * Sessions without NestJS, such as in Next.js, Hono or a worker. They are shared with a NestJS application of the same
 * classes, keys and storage.
 * @throws {SessionConfigurationError}
 */
export function openSessions(options: OpenSessionsOptions): OpenedSessions {
  assertSessionsOptions('openSessions', options, OPTION_RULES);
  const { onWarning = (sentence: string) => process.emitWarning(sentence, 'SessionWarning'), ...rest } = options;
  const events = new SessionEvents(rest.onEvent ? [rest.onEvent] : [], undefined, rest.eventFields);
  const onEvicted = (count: number): void => events.emit({ type: 'evicted', count });
  const builder = new SessionProviderBuilder(rest, undefined, undefined, onEvicted);
  const providers = new SessionProviders();
  for (const session of rest.sessions ?? declaredSessions()) providers.register(builder.build(session).provider);
  if (providers.all.length === 0) {
    throw new SessionConfigurationError('openSessions: no session is declared. Set sessions: [UserSession].');
  }
  for (const warning of builder.warnings) onWarning(warning);
  const of = (request: FetchRequest): FetchExchange => new FetchExchange(providers, request, events);
  return {
    of,
    async handle(request, handler) {
      const sessions = of(request);
      const response = await handler(sessions);
      const headers = new Headers(response.headers);
      await sessions.saveTo(headers, { status: response.status });
      const { status, statusText, body } = response;
      return new Response(body, { status, statusText, headers });
    },
    async close() {
      builder.release();
      for (const storage of builder.ownedStorages) await storage.close?.();
    },
  };
}
