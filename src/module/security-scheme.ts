import type { INestApplicationContext } from '@nestjs/common';
import { locationOf } from '../session/session-provider.js';
import { schemeName } from './decorators/api-security.js';
import { SessionsRuntime } from './sessions-runtime.js';

// No interface: it would not match the index signature of `SecuritySchemeObject`.
export type SessionSecurityScheme = {
  readonly type: 'apiKey';
  readonly in: 'cookie' | 'header';
  readonly name: string;
  readonly description: string;
};

/**
 * The OpenAPI security schemes of all sessions, by the names that `@RequireSession` uses. A custom transport has none.
 *
 * ```ts
 * const document = new DocumentBuilder();
 * for (const [name, scheme] of Object.entries(sessionSecuritySchemes(app))) document.addSecurity(name, scheme);
 * ```
 *
 * @param description as in Ktor.
 */
export function sessionSecuritySchemes(
  app: INestApplicationContext,
  description = 'Session-based Authentication',
): Record<string, SessionSecurityScheme> {
  const schemes: Record<string, SessionSecurityScheme> = {};
  for (const provider of app.get(SessionsRuntime, { strict: false }).providers.all) {
    const location = locationOf(provider);
    if (location) schemes[schemeName(provider.type)] = { type: 'apiKey', ...location, description };
  }
  return schemes;
}
