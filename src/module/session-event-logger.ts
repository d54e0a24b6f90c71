import type { Logger } from '@nestjs/common';
import { errorKind } from '../errors/error-kind.js';
import { SessionError, SessionStorageUnavailableError } from '../errors/session.errors.js';
import type { SessionEvent, SessionEventLog } from '../session/session-event.js';
import type { StorageOutage } from '../storage/session-storage-resilient.js';

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

const PERIOD_MILLISECONDS = 10_000;

interface Repeats {
  loggedAt: number;
  countSince: number;
}

/** Never logs content, ids or keys. */
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
          `Session "${event.session}": the received value was rejected (${event.reason}` +
            `${event.path === undefined ? '' : ` at ${event.path}`}).`,
        );
      case 'replayed':
        return this.#logOncePerPeriod(
          'warn',
          `${event.session} replayed`,
          `Session "${event.session}": an id was used after the grace period of its rotation. Its client did not get ` +
            `the new id, or the old one was copied.${event.revoked ? ' The session was ended.' : ''}`,
        );
      case 'duplicate':
        return this.#warnOnce(
          `${event.session} duplicate`,
          `Session "${event.session}": a client sent ${event.count} cookies of its name. One has another Path or ` +
            'Domain, or was set by a sibling site. The prefix __Host- prevents both. Logged once.',
        );
      case 'conflict':
        return this.#logger.debug(
          `Session "${event.session}": parallel requests changed the same fields (${event.fields.join(', ')}).`,
        );
      case 'gone':
        return this.#logger.debug(
          `Session "${event.session}": a change was dropped, because the session was ${event.reason}.`,
        );
      case 'not-begun':
        return this.#logger.debug(
          `Session "${event.session}": a new session was dropped, because its handler has newSession: false.`,
        );
      case 'unavailable':
        return this.#logOncePerPeriod(
          'error',
          `${event.session} ${event.operation}`,
          `Session "${event.session}": the storage failed to ${event.operation}: ${failureReason(event.error)}`,
          this.#down.size > 0,
        );
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
          `Session "${event.session}": its owner was replaced, and the data of the first owner was kept. Sign in with ` +
            'sessions.login(Type, owner), which then starts with a new instance. Logged once.',
        );
      case 'evicted':
        return this.#warnOnce(
          'evicted',
          'A storage was full and evicted live sessions: first those without an owner, then the least recently used, ' +
            'whose users are signed out. Raise its limits, such as new SessionStorageMemory({ maxSessions }), or store ' +
            'no session for anonymous visitors. Logged once.',
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

  logOutage(storage: string, state: 'down' | 'up', { failures, milliseconds }: StorageOutage): void {
    if (state === 'down') {
      this.#down.add(storage);
      this.#logger.error(
        `${storage} does not answer: ${failures} calls failed in ${milliseconds} ms. From now on, calls fail immediately.`,
      );
    } else {
      this.#down.delete(storage);
      this.#logger.log(
        `${storage} answers again, after ${Math.ceil(milliseconds / 1000)} s and ${failures} failed calls.`,
      );
    }
  }

  #logOncePerPeriod(level: 'warn' | 'error', key: string, message: string, isQuiet = false): void {
    const now = performance.now();
    const repeats = this.#repeats.get(key) ?? { loggedAt: -PERIOD_MILLISECONDS, countSince: 0 };
    this.#repeats.set(key, repeats);
    if (isQuiet || now - repeats.loggedAt < PERIOD_MILLISECONDS) return void repeats.countSince++;
    const more = repeats.countSince === 0 ? '' : ` Repeated ${repeats.countSince} times since the last line.`;
    this.#logger[level](message + more);
    repeats.loggedAt = now;
    repeats.countSince = 0;
  }

  #warnOfClocks(): void {
    this.#warnOnce(
      'clocks',
      'The clocks of the servers differ by more than a minute: a session of a server whose clock is ahead was ' +
        'rejected. Synchronize the clocks, for example with NTP. Logged once.',
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
