import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionDetails } from './session-details.js';
import { NEVER } from '../storage/session-storage.js';

/** Enforced by the server; the cookie's `Max-Age` is only a hint. */
export interface SessionLifetimeOptions {
  /** Seconds without use; `0` or `null`: no limit. Default 7 days. */
  readonly idleTimeoutInSeconds?: number | null;
  /** Seconds after creation; `0` or `null`: no limit. Default 30 days. */
  readonly absoluteTimeoutInSeconds?: number | null;
  /**
   * Seconds between renewals, so that most requests cost no write. Shortens the idle timeout by up to this much.
   * Default: a tenth of the idle timeout, at least 60, at most half of it.
   */
  readonly renewAfterInSeconds?: number;
  /** The longest that `sessions.lifetime` may set; `0` or `null`: any. Default: `idleTimeoutInSeconds`. */
  readonly maximumIdleTimeoutInSeconds?: number | null;
  /** The same for the absolute timeout. Default: `absoluteTimeoutInSeconds`. */
  readonly maximumAbsoluteTimeoutInSeconds?: number | null;
}

/** The lifetime of one session, for "remember me", tenants, roles. Default: that of its class. */
export interface OwnLifetime {
  /** `0` or `null`: no limit. */
  readonly idleTimeoutInSeconds?: number | null;
  /** `0` or `null`: no limit. */
  readonly absoluteTimeoutInSeconds?: number | null;
  /** `false`: no `Max-Age`, so that most browsers drop the cookie when they are closed. */
  readonly persistent?: boolean;
}

/** Epoch milliseconds. */
export interface SessionTimes {
  readonly createdAt: number;
  readonly renewedAt: number;
  readonly details?: SessionDetails | undefined;
}

const DAY_IN_SECONDS = 24 * 3600;
/** Accepted difference between the clocks of two servers. */
export const CLOCK_SKEW_IN_MILLISECONDS = 60_000;

/**
 * A session ends at the earlier of both timeouts (OWASP Session Management Cheat Sheet; ASVS 5.0 7.3.1, 7.3.2).
 * Milliseconds; `0`: no limit.
 */
export class SessionLifetime {
  readonly idle: number;
  readonly absolute: number;
  readonly #renewAfter: number;
  readonly #longestIdle: number;
  readonly #longestAbsolute: number;

  constructor(options: SessionLifetimeOptions = {}) {
    this.idle = timeout('idleTimeoutInSeconds', options.idleTimeoutInSeconds, 7 * DAY_IN_SECONDS);
    this.absolute = timeout('absoluteTimeoutInSeconds', options.absoluteTimeoutInSeconds, 30 * DAY_IN_SECONDS);
    const renewAfter = seconds('renewAfterInSeconds', options.renewAfterInSeconds ?? renewAfterOf(this.idle) / 1000);
    if (this.idle > 0 && renewAfter >= this.idle) {
      throw new SessionConfigurationError(
        'renewAfterInSeconds must be less than idleTimeoutInSeconds, or sessions expire before they are renewed.',
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

  allows({ idle = this.idle, absolute = this.absolute }: SessionDetails): boolean {
    return isWithin(idle, this.#longestIdle) && isWithin(absolute, this.#longestAbsolute);
  }

  idleOf({ details }: SessionTimes): number {
    return details?.idle === undefined ? this.idle : capped(details.idle, this.#longestIdle);
  }

  absoluteOf({ details }: SessionTimes): number {
    return details?.absolute === undefined ? this.absolute : capped(details.absolute, this.#longestAbsolute);
  }

  expiresAt(times: SessionTimes): number {
    return Math.min(this.idleExpiry(times), this.latestExpiry(times));
  }

  /** Without further use. */
  idleExpiry(times: SessionTimes): number {
    const idle = this.idleOf(times);
    return idle > 0 ? Math.min(times.renewedAt + idle, NEVER) : NEVER;
  }

  /** However often it is renewed. */
  latestExpiry(times: SessionTimes): number {
    const absolute = this.absoluteOf(times);
    return absolute > 0 ? Math.min(times.createdAt + absolute, NEVER) : NEVER;
  }

  isAlive(times: SessionTimes, now: number): boolean {
    return this.rejection(times, now) === undefined;
  }

  /** `undefined` if the session is valid. */
  rejection(times: SessionTimes, now: number): 'future' | 'expired-idle' | 'expired-absolute' | undefined {
    if (Math.max(times.createdAt, times.renewedAt) > now + CLOCK_SKEW_IN_MILLISECONDS) return 'future';
    const idleExpiry = this.idleExpiry(times);
    const latestExpiry = this.latestExpiry(times);
    if (now < idleExpiry && now < latestExpiry) return undefined;
    return latestExpiry < idleExpiry ? 'expired-absolute' : 'expired-idle';
  }

  isRenewalDue(times: SessionTimes, now: number): boolean {
    const idle = this.idleOf(times);
    const renewAfter = idle === this.idle ? this.#renewAfter : renewAfterOf(idle);
    if (idle === 0 || now - times.renewedAt < renewAfter) return false;
    return (
      this.expiresAt({ createdAt: times.createdAt, renewedAt: now, details: times.details }) > this.expiresAt(times)
    );
  }
}

function renewAfterOf(idle: number): number {
  return Math.min(Math.max(idle / 10, 60_000), idle / 2);
}

function isWithin(timeout: number, longest: number): boolean {
  return longest === 0 || (timeout > 0 && timeout <= longest);
}

function capped(timeout: number, longest: number): number {
  return isWithin(timeout, longest) ? timeout : longest;
}

function maximum(option: string, given: number | null | undefined, timeout: number): number {
  const longest = given === undefined ? timeout : seconds(option, given ?? 0);
  if (!isWithin(timeout, longest)) {
    throw new SessionConfigurationError(
      `${option} must be at least the timeout of the session class; 0 or null for no limit.`,
    );
  }
  return longest;
}

function timeout(option: string, given: number | null | undefined, byDefault: number): number {
  return seconds(option, given === null ? 0 : (given ?? byDefault));
}

function seconds(option: string, value: number): number {
  if (!Number.isFinite(value) || value < 0) {
    throw new SessionConfigurationError(`${option} must be a number of seconds, 0 or null for no limit.`);
  }
  return Math.round(value * 1000);
}
