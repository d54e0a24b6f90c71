import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionDetails } from './session-details.js';
import { NEVER } from '../storage/session-storage.js';

/** Timeouts of sessions. Enforced by the server; the cookie's `Max-Age` is only a hint. */
export interface SessionLifetimeOptions {
  /** Seconds without use after which a session ends; `0` or `null`: no limit. Default 7 days. */
  readonly idleTimeoutInSeconds?: number | null;
  /** Seconds after creation at which a session ends; `0` or `null`: no limit. Default 30 days. */
  readonly absoluteTimeoutInSeconds?: number | null;
  /**
   * Seconds between two renewals, so that most requests cost no write. The effective idle timeout is up to this much
   * shorter. Default: a tenth of the idle timeout, at least 60, at most half of it.
   */
  readonly renewAfterInSeconds?: number;
  /**
   * Maximum idle timeout in seconds that `sessions.lifetime` may set for one session; `0` or `null`: any. Default:
   * `idleTimeoutInSeconds`.
   */
  readonly maximumIdleTimeoutInSeconds?: number | null;
  /** Maximum absolute timeout in seconds, likewise. Default: `absoluteTimeoutInSeconds`. */
  readonly maximumAbsoluteTimeoutInSeconds?: number | null;
}

/** The lifetime of one session, in place of that of its class: for "remember me", tenants, roles. */
export interface OwnLifetime {
  /** Idle timeout in seconds; `0` or `null`: no limit. Default: that of the class. */
  readonly idleTimeoutInSeconds?: number | null;
  /** Absolute timeout in seconds; `0` or `null`: no limit. Default: that of the class. */
  readonly absoluteTimeoutInSeconds?: number | null;
  /**
   * `false`: the cookie has no `Max-Age`, and most browsers drop it when they are closed. Default: the configuration of
   * the cookie.
   */
  readonly persistent?: boolean;
}

/** When a session was created and last renewed, in epoch milliseconds, and its details. */
export interface SessionTimes {
  readonly createdAt: number;
  readonly renewedAt: number;
  readonly details?: SessionDetails | undefined;
}

const DAY = 24 * 3600;
/** Accepted difference between the clocks of two servers. */
export const CLOCK_SKEW_IN_MILLISECONDS = 60_000;

/**
 * Computes expiries: a session ends at the earlier of idle and absolute timeout (OWASP Session Management Cheat Sheet,
 * "Session Expiration"; ASVS 5.0 7.3.1, 7.3.2).
 */
export class SessionLifetime {
  /** Milliseconds; 0: no limit. */
  readonly idle: number;
  /** Milliseconds; 0: no limit. */
  readonly absolute: number;
  readonly #renewAfter: number;
  /** Maximum timeouts of a single session, in milliseconds; 0: any. */
  readonly #longestIdle: number;
  readonly #longestAbsolute: number;

  /** @throws {SessionConfigurationError} on a number that is negative, fractional or contradicts another. */
  constructor(options: SessionLifetimeOptions = {}) {
    this.idle = timeout('idleTimeoutInSeconds', options.idleTimeoutInSeconds, 7 * DAY);
    this.absolute = timeout('absoluteTimeoutInSeconds', options.absoluteTimeoutInSeconds, 30 * DAY);
    const renewAfter = seconds('renewAfterInSeconds', options.renewAfterInSeconds ?? renewAfterOf(this.idle) / 1000);
    if (this.idle > 0 && renewAfter >= this.idle) {
      throw new SessionConfigurationError(
        'renewAfterInSeconds must be less than idleTimeoutInSeconds, or no session would ever be renewed in time.',
      );
    }
    this.#renewAfter = renewAfter;
    this.#longestIdle = maximum('maximumIdleTimeoutInSeconds', options.maximumIdleTimeoutInSeconds, this.idle);
    this.#longestAbsolute = maximum(
      'maximumAbsoluteTimeoutInSeconds',
      options.maximumAbsoluteTimeoutInSeconds,
      this.absolute,
    );
  }

  /** Whether a single session may have these timeouts, in milliseconds; 0: none. */
  allows({ idle = this.idle, absolute = this.absolute }: SessionDetails): boolean {
    return within(idle, this.#longestIdle) && within(absolute, this.#longestAbsolute);
  }

  /** The idle timeout of one session, in milliseconds; 0: none. */
  idleOf({ details }: SessionTimes): number {
    return details?.idle === undefined ? this.idle : shorter(details.idle, this.#longestIdle);
  }

  /** The absolute timeout of one session, in milliseconds; 0: none. */
  absoluteOf({ details }: SessionTimes): number {
    return details?.absolute === undefined ? this.absolute : shorter(details.absolute, this.#longestAbsolute);
  }

  /** When a session of these times ends, in epoch milliseconds. */
  expiresAt(times: SessionTimes): number {
    return Math.min(this.idleExpiry(times), this.latestExpiry(times));
  }

  /** When a session of these times ends if it is not used. */
  idleExpiry(times: SessionTimes): number {
    const idle = this.idleOf(times);
    return idle > 0 ? Math.min(times.renewedAt + idle, NEVER) : NEVER;
  }

  /** When a session of these times ends at the latest, however often it is renewed. */
  latestExpiry(times: SessionTimes): number {
    const absolute = this.absoluteOf(times);
    return absolute > 0 ? Math.min(times.createdAt + absolute, NEVER) : NEVER;
  }

  /** Whether a session of these times is valid at `now`: neither expired nor created in the future. */
  isAlive(times: SessionTimes, now: number): boolean {
    return this.expiresAt(times) > now && !this.isInFuture(times, now);
  }

  /** Why a session of these times is not valid at `now`. */
  rejection(times: SessionTimes, now: number): 'future' | 'expired-idle' | 'expired-absolute' {
    if (this.isInFuture(times, now)) return 'future';
    return this.latestExpiry(times) < this.idleExpiry(times) ? 'expired-absolute' : 'expired-idle';
  }

  /** Whether a server with a clock ahead of `now` created or renewed the session. */
  isInFuture({ createdAt, renewedAt }: SessionTimes, now: number): boolean {
    return Math.max(createdAt, renewedAt) > now + CLOCK_SKEW_IN_MILLISECONDS;
  }

  /** Whether use at `now` should renew the session: enough time has passed, and renewal extends its life. */
  isRenewalDue(times: SessionTimes, now: number): boolean {
    const idle = this.idleOf(times);
    const renewAfter = idle === this.idle ? this.#renewAfter : renewAfterOf(idle);
    if (idle === 0 || now - times.renewedAt < renewAfter) return false;
    return (
      this.expiresAt({ createdAt: times.createdAt, renewedAt: now, details: times.details }) > this.expiresAt(times)
    );
  }
}

/** A tenth of the idle timeout, at least a minute and at most half of it. */
function renewAfterOf(idle: number): number {
  return Math.min(Math.max(idle / 10, 60_000), idle / 2);
}

/** Milliseconds; 0 is no limit. */
function within(timeout: number, longest: number): boolean {
  return longest === 0 || (timeout > 0 && timeout <= longest);
}

function shorter(timeout: number, longest: number): number {
  return within(timeout, longest) ? timeout : longest;
}

function maximum(option: string, given: number | null | undefined, timeout: number): number {
  const longest = given === undefined ? timeout : seconds(option, given ?? 0);
  if (!within(timeout, longest)) {
    throw new SessionConfigurationError(`${option} must be no less than the timeout of the session's class.`);
  }
  return longest;
}

/** Milliseconds of a timeout in seconds; `null`: 0, no limit. */
function timeout(option: string, given: number | null | undefined, byDefault: number): number {
  return seconds(option, given === null ? 0 : (given ?? byDefault));
}

function seconds(option: string, value: number): number {
  if (!Number.isFinite(value) || value < 0) {
    throw new SessionConfigurationError(`${option} must be a number of seconds, 0 or null for no limit.`);
  }
  return Math.round(value * 1000);
}
