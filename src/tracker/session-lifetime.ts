import { SessionConfigurationError } from '../errors/session.errors.js';
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
}

/** When a session was made and last renewed, in epoch milliseconds. */
export interface SessionTimes {
  readonly createdAt: number;
  readonly renewedAt: number;
}

const DAY = 24 * 3600;
/** Two servers' clocks may differ by this much before a session counts as made in the future. */
const CLOCK_SKEW_IN_MILLISECONDS = 60_000;

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

  /** @throws {SessionConfigurationError} on a number that is negative, fractional or contradicts another. */
  constructor(options: SessionLifetimeOptions = {}) {
    this.idle = seconds(
      'idleTimeoutInSeconds',
      options.idleTimeoutInSeconds ?? unless(options.idleTimeoutInSeconds, 7 * DAY),
    );
    this.absolute = seconds(
      'absoluteTimeoutInSeconds',
      options.absoluteTimeoutInSeconds ?? unless(options.absoluteTimeoutInSeconds, 30 * DAY),
    );
    const renewAfter = seconds(
      'renewAfterInSeconds',
      options.renewAfterInSeconds ?? Math.min(Math.max(this.idle / 10_000, 60), this.idle / 2000),
    );
    if (this.idle > 0 && renewAfter >= this.idle) {
      throw new SessionConfigurationError(
        'renewAfterInSeconds must be less than idleTimeoutInSeconds, or no session would ever be renewed in time.',
      );
    }
    this.#renewAfter = renewAfter;
  }

  /** When a session of these times ends, in epoch milliseconds. */
  expiresAt(times: SessionTimes): number {
    return Math.min(this.idle > 0 ? times.renewedAt + this.idle : NEVER, this.latestExpiry(times));
  }

  /** The moment that no renewal can exceed. */
  latestExpiry(times: SessionTimes): number {
    return this.absolute > 0 ? Math.min(times.createdAt + this.absolute, NEVER) : NEVER;
  }

  /** Whether a session of these times counts at `now`: neither ended nor made in the future. */
  isAlive(times: SessionTimes, now: number): boolean {
    return this.expiresAt(times) > now && !this.isInFuture(times, now);
  }

  /** Whether a session of these times was made or renewed by a server whose clock is ahead of `now`. */
  isInFuture({ createdAt, renewedAt }: SessionTimes, now: number): boolean {
    return Math.max(createdAt, renewedAt) > now + CLOCK_SKEW_IN_MILLISECONDS;
  }

  /** Whether use at `now` should renew a session that ends at `expiresAt`: enough time has passed, and it would help. */
  isRenewalDue(times: SessionTimes, now: number): boolean {
    if (this.idle === 0 || now - times.renewedAt < this.#renewAfter) return false;
    return this.expiresAt({ createdAt: times.createdAt, renewedAt: now }) > this.expiresAt(times);
  }
}

// `null` was said and means no limit; `undefined` was not said.
function unless(said: number | null | undefined, otherwise: number): number {
  return said === null ? 0 : otherwise;
}

function seconds(option: string, value: number): number {
  if (!Number.isFinite(value) || value < 0) {
    throw new SessionConfigurationError(`${option} must be a number of seconds, 0 or null for no limit.`);
  }
  return Math.round(value * 1000);
}
