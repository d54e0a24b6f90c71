import type { DiscoveryService } from '@nestjs/core';
import type { SessionProviders } from '../../session/session-providers.js';
import { discoveredClasses, methodsOf, requiredSessions } from '../handlers/discovered-handlers.js';

/** For required by-id sessions that keep their id at login (OWASP: session fixation). */
export function fixationHints(
  discovery: DiscoveryService,
  providers: SessionProviders,
  required: readonly (new () => object)[],
): readonly string[] {
  const places = new Map([
    ...required.map((type) => [type, 'RequireSessionGuard.everywhere'] as const),
    ...requiredSessions(discovery),
  ]);
  const hints: string[] = [];
  for (const [type, place] of places) {
    const provider = providers.get(type);
    if (!provider || provider.tracker.kind !== 'by-id' || provider.keepIdOnSet) continue;
    if (provider.ownerField !== undefined || givesNewIds(discovery, type.name)) continue;
    hints.push(
      `Session "${provider.name}" is required by ${place} and keeps its id at a login, so that an id planted by an ` +
        'attacker is signed in, too (session fixation). Mark the field with the id of the user with @SessionOwner() and ' +
        `call sessions.login(${type.name}, userId). If the session has no login, set { anonymous: true }.`,
    );
  }
  return hints;
}

// By the source text: a heuristic that only suppresses a warning.
function givesNewIds(discovery: DiscoveryService, name: string): boolean {
  return discoveredClasses(discovery).some(({ type }) => {
    const prototype = type.prototype as Record<string | symbol, unknown>;
    return methodsOf(prototype).some((method) => {
      const text = String(prototype[method]);
      return text.includes(name) && /\.(?:set|regenerate)\(/.test(text);
    });
  });
}
