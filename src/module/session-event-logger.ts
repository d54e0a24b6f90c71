import type { Logger } from '@nestjs/common';
import { errorKind } from '../errors/error-kind.js';
import { SessionError, SessionStorageUnavailableError } from '../errors/session.errors.js';
import type { SessionEvent, SessionEventLog } from '../session/session-event.js';
import type { StorageOutage } from '../storage/session-storage-resilient.js';

/** Not logged. */
const ORDINARY: ReadonlySet<SessionEvent['type']> = new Set([
  'loaded',
  'created',
  'changed',
  'renewed',
  'rotated',
  'cleared',
  'revoked',
  'acting',
]);

/** In milliseconds. A repeated message is logged once per period. */
const PERIOD = 10_000;

interface Repeats {
  loggedAt: number;
  /** Repetitions since then. */
  count: number;
}

/** Logs events for operators; never content, ids or keys. */
export class SessionEventLogger implements SessionEventLog {
  readonly #logger: Logger;
  readonly #warned = new Set<string>();
  readonly #repeats = new Map<string, Repeats>();
  readonly #down = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  isObserved(type: SessionEvent['type']): boolean {
    return !ORDINARY.has(type);
  }

  log(event: SessionEvent): void {
    switch (event.type) {
      case 'rejected':
        if (event.reason === 'future') this.#warnOfClocks();
        return this.#logger.debug(
          `Session "${event.session}": what the client sent was rejected (${event.reason}` +
            `${event.path === undefined ? '' : ` at ${event.path}`}).`,
        );
      case 'replayed':
        return this.#logOncePerPeriod(
          'warn',
          `${event.session} replayed`,
          `Session "${event.session}": an id came back after the grace period of its rotation. Its client missed the ` +
            `new id, or somebody has copied the old one.${event.revoked ? ' The session was ended.' : ''}`,
        );
      case 'duplicate':
        return this.#warnOnce(
          `${event.session} duplicate`,
          `Session "${event.session}": a client sent ${event.count} cookies of its name. A cookie of another Path or ` +
            'Domain, or one that a sibling site has planted. The prefix __Host- keeps both away. Said once.',
        );
      case 'conflict':
        return this.#logger.debug(
          `Session "${event.session}": parallel requests changed the same fields (${event.fields.join(', ')}).`,
        );
      case 'gone':
        return this.#logger.debug(
          `Session "${event.session}": a change was dropped, the session had been ${event.reason}.`,
        );
      case 'not-begun':
        return this.#logger.debug(
          `Session "${event.session}": a request without a session changed a new one, which newSession: false drops.`,
        );
      case 'unavailable':
        return this.#logFailure(event);
      case 'too-late':
        if (event.connection) {
          return this.#logger.error(
            `Session "${event.session}" was changed over a connection that has no response, and the change is not ` +
              'stored. Take the session as a parameter, @CurrentSession(), or call await sessions.save().',
          );
        }
        return this.#logger.error(
          `Session "${event.session}" was changed after the response had been sent; the change is lost. Change it ` +
            'before responding, or call await sessions.save().',
        );
      case 'foreign-origin':
        return this.#logOncePerPeriod(
          'warn',
          'foreign-origin',
          `A WebSocket opened by a page of ${event.origin} gets no session. If that site is yours, add it: ` +
            "SessionsModule.forRoot({ allowedOrigins: ['https://…'] }).",
        );
      case 'insecure':
        return this.#warnOnce(
          event.session,
          `Session "${event.session}": its cookie is Secure, but the request came over plain http and without ` +
            'X-Forwarded-Proto: https. Browsers drop it; Chrome and Firefox make an exception for localhost. Use https. ' +
            'Behind a proxy that ends TLS, let the proxy send X-Forwarded-Proto: https. For plain http on purpose, ' +
            "set cookie: { secure: false }; secure: 'auto' helps only outside production, and not with " +
            "sameSite: 'none', partitioned, or a name that begins with __Secure- or __Host-.",
        );
      case 'owner-switched':
        return this.#warnOnce(
          `${event.session} owner-switched`,
          `Session "${event.session}": its owner was replaced by another one, and what it held of the first was kept. ` +
            'Sign in by sessions.login(Type, owner), which starts from a fresh instance then.',
        );
      case 'evicted':
        return this.#warnOnce(
          'evicted',
          'A storage was full, and live sessions had to go: those without an owner first, then those that were used ' +
            'least recently, whose users are signed out. Raise its bounds, as in new SessionStorageMemory({ ' +
            'maxSessions }), or store no session for visitors who do nothing. Said once.',
        );
      case 'loaded':
      case 'created':
      case 'changed':
      case 'renewed':
      case 'rotated':
      case 'cleared':
      case 'revoked':
      case 'acting':
        return;
    }
  }

  /** Logs the start and end of an outage; failures in between are only counted. */
  logOutage(storage: string, state: 'down' | 'up', { failures, milliseconds }: StorageOutage): void {
    if (state === 'down') {
      this.#down.add(storage);
      this.#logger.error(
        `${storage} does not answer: ${failures} calls failed in ${milliseconds} ms. Calls fail at once now.`,
      );
    } else {
      this.#down.delete(storage);
      this.#logger.log(
        `${storage} answers again, after ${Math.ceil(milliseconds / 1000)} s and ${failures} failed calls.`,
      );
    }
  }

  #logFailure({ session, operation, error }: SessionEvent & { type: 'unavailable' }): void {
    this.#logOncePerPeriod(
      'error',
      `${session} ${operation}`,
      `Session "${session}": the storage failed to ${operation}: ${failureReason(error)}`,
      this.#down.size > 0,
    );
  }

  #logOncePerPeriod(level: 'warn' | 'error', key: string, message: string, isQuiet = false): void {
    const now = performance.now();
    const repeats = this.#repeats.get(key) ?? { loggedAt: -PERIOD, count: 0 };
    this.#repeats.set(key, repeats);
    if (isQuiet || now - repeats.loggedAt < PERIOD) return void repeats.count++;
    const more = repeats.count === 0 ? '' : ` Repeated ${repeats.count} times since the last line.`;
    this.#logger[level](message + more);
    repeats.loggedAt = now;
    repeats.count = 0;
  }

  #warnOfClocks(): void {
    this.#warnOnce(
      'clocks',
      'The clocks of the servers differ by more than a minute: a session was made by a server whose clock is ahead, ' +
        'and is not read here. Synchronise the clocks, for example by NTP. Said once.',
    );
  }

  #warnOnce(key: string, message: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#logger.warn(message);
  }
}

function failureReason(error: unknown): string {
  if (!(error instanceof SessionError)) return errorKind(error);
  const reason = error instanceof SessionStorageUnavailableError ? error.detail : error.message;
  return error.cause === undefined ? reason : `${reason} (${errorKind(error.cause)})`;
}
