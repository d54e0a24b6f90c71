import { SessionConfigurationError, SessionWrongValueError } from '../errors/session.errors.js';
import type { SessionDetails } from '../tracker/session-details.js';
import type { OwnLifetime } from '../tracker/session-lifetime.js';
import type { SessionProvider } from './session-provider.js';

/**
 * @throws {SessionWrongValueError} if a timeout is invalid or exceeds the maxima.
 * @throws {SessionConfigurationError} if the format has no times.
 */
export function detailsOfLifetime<S extends object>(provider: SessionProvider<S>, own: OwnLifetime): SessionDetails {
  const { lifetime } = provider.tracker;
  if (!lifetime) throw noTimesError(provider.name);
  const idle = toMilliseconds('idleTimeoutInSeconds', own.idleTimeoutInSeconds);
  const absolute = toMilliseconds('absoluteTimeoutInSeconds', own.absoluteTimeoutInSeconds);
  if (own.persistent !== undefined && typeof own.persistent !== 'boolean') {
    throw new SessionWrongValueError('The lifetime of a session: persistent must be true or false.');
  }
  const details = {
    ...(idle === undefined ? {} : { idle }),
    ...(absolute === undefined ? {} : { absolute }),
    ...(own.persistent === undefined ? {} : { persistent: own.persistent }),
  };
  if (lifetime.allows(details)) return details;
  throw new SessionWrongValueError(
    `The lifetime of a session "${provider.name}" may not be longer than that of its class. Write ` +
      'maximumIdleTimeoutInSeconds and maximumAbsoluteTimeoutInSeconds into @Session() to allow it.',
  );
}

export function noTimesError(name: string): SessionConfigurationError {
  return new SessionConfigurationError(
    `Session "${name}" has no times and no lifetime, because Ktor's format cannot hold them. ` +
      'Declare it with @Session() instead of ktor().',
  );
}

/** `undefined`: as configured; `null`: none. */
export function maxAgeOf<S extends object>(
  provider: SessionProvider<S>,
  session: { readonly createdAt: number; readonly renewedAt: number; readonly details?: SessionDetails | undefined },
): number | null | undefined {
  const { details } = session;
  const { lifetime } = provider.tracker;
  if (!details || !lifetime) return undefined;
  if (details.persistent === false) return null;
  const isOwn = details.persistent === true || details.idle !== undefined || details.absolute !== undefined;
  if (!isOwn || (details.persistent === undefined && provider.transport.persistent === false)) return undefined;
  const longest = lifetime.idleOf(session) || lifetime.absoluteOf(session);
  return longest > 0 ? Math.ceil(longest / 1000) : Number.MAX_SAFE_INTEGER;
}

function toMilliseconds(option: string, seconds: number | null | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  if (seconds === null) return 0;
  if (Number.isFinite(seconds) && seconds >= 0) return Math.round(seconds * 1000);
  throw new SessionWrongValueError(
    `The lifetime of a session: ${option} must be a number of seconds, 0 or null for no limit.`,
  );
}
