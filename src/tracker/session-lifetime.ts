import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionDetails } from './session-details.js';
import { NEVER } from '../storage/session-storage.js';

/** How long a session lives. Enforced by the server; the cookie's `Max-Age` is only a hint. */
export interface SessionLifetimeOptions {
  /** Seconds without use after which a session ends; `0` or `null`: no such limit. Default 7 days. */
  readonly idleTimeoutInSeconds?: number | null;
  /** Seconds after its creation at which a session ends however busy it is; `0` or `null`: no limit. Default 30 days. */
  readonly absoluteTimeoutInSeconds?: number | null;
  /**
   * Seconds that must have passed since the last renewal before use renews a session again, so that a request that
   * only reads costs no write. The effective idle timeout is up to this much shorter. Default: a tenth of the idle
   * timeout, at least 60 seconds and at most half of the idle timeout.
   */
  readonly renewAfterInSeconds?: number;
  /**
   * Seconds that the idle timeout of a single session may have, set with `sessions.lifetime` for "remember me"; `0` or
   * `null`: any. Default: `idleTimeoutInSeconds`, so that it can only be shorter.
   */
  readonly maximumIdleTimeoutInSeconds?: number | null;
  /** The same for its absolute timeout. Default: `absoluteTimeoutInSeconds`. */
  readonly maximumAbsoluteTimeoutInSeconds?: number | null;
}

/** The lifetime of one session, where it is not that of its class: "remember me", tenants, roles. */
export interface OwnLifetime {
  /** Seconds without use after which this session ends; `0` or `null`: no such limit. Default: as its class says. */
  readonly idleTimeoutInSeconds?: number | null;
  /** Seconds after its creation at which this session ends; `0` or `null`: no limit. Default: as its class says. */
  readonly absoluteTimeoutInSeconds?: number | null;
  /**
   * Whether the cookie outlives the browser. `false`: it has no `Max-Age` and goes when the browser is closed, as far as
   * the browser does so. Default: as the configuration of the cookie says.
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
/** Two servers' clocks may differ by this much before a session counts as made in the future. */
export const CLOCK_SKEW_IN_MILLISECONDS = 60_000;

/**
 * The arithmetic of idle and absolute timeout: a session ends at the earlier of both (OWASP Session Management Cheat
 * Sheet, "Session Expiration"; ASVS 5.0 7.3.1, 7.3.2).
 */
export class SessionLifetime {
  /** Milliseconds; 0: no limit. */
  readonly idle: number;
  /** Milliseconds; 0: no limit. */
  readonly absolute: number;
  readonly #renewAfter: number;
  /** What the timeouts of a single session may be, in milliseconds; 0: any. */
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

  /** The moment that no renewal can exceed. */
  latestExpiry(times: SessionTimes): number {
    const absolute = this.absoluteOf(times);
    return absolute > 0 ? Math.min(times.createdAt + absolute, NEVER) : NEVER;
  }

  /** Whether a session of these times counts at `now`: neither ended nor made in the future. */
  isAlive(times: SessionTimes, now: number): boolean {
    return this.expiresAt(times) > now && !this.isInFuture(times, now);
  }

  /** Why a session of these times is not alive at `now`. */
  rejection(times: SessionTimes, now: number): 'future' | 'expired-idle' | 'expired-absolute' {
    if (this.isInFuture(times, now)) return 'future';
    return this.latestExpiry(times) < this.idleExpiry(times) ? 'expired-absolute' : 'expired-idle';
  }

  /** Whether a session of these times was made or renewed by a server whose clock is ahead of `now`. */
  isInFuture({ createdAt, renewedAt }: SessionTimes, now: number): boolean {
    return Math.max(createdAt, renewedAt) > now + CLOCK_SKEW_IN_MILLISECONDS;
  }

  /** Whether use at `now` should renew a session that ends at `expiresAt`: enough time has passed, and it would help. */
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

function maximum(option: string, said: number | null | undefined, timeout: number): number {
  const longest = said === undefined ? timeout : seconds(option, said ?? 0);
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
