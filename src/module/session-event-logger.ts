import type { Logger } from '@nestjs/common';
import { errorKind } from '../errors/error-kind.js';
import { SessionError } from '../errors/session.errors.js';
import type { SessionEvent, SessionEventLog } from '../session/session-event.js';

/** What every request does; nothing for a log. */
const ORDINARY: ReadonlySet<SessionEvent['type']> = new Set([
  'loaded',
  'created',
  'changed',
  'renewed',
  'rotated',
  'cleared',
  'revoked',
]);

/** Milliseconds between two lines about a failing storage. */
const QUIET_AFTER_FAILURE = 10_000;

/** Writes what an operator should see into the application's log; never a value, id or key. */
export class SessionEventLogger implements SessionEventLog {
  readonly #logger: Logger;
  readonly #warned = new Set<string>();
  #quietUntil = 0;
  #unlogged = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  hears(type: SessionEvent['type']): boolean {
    return !ORDINARY.has(type);
  }

  log(event: SessionEvent): void {
    switch (event.type) {
      case 'rejected':
        return this.#logger.debug(`Session "${event.session}": what the client sent was rejected (${event.reason}).`);
      case 'duplicate':
        return this.#logger.debug(`Session "${event.session}": the client sent ${event.count} values.`);
      case 'conflict':
        return this.#logger.debug(
          `Session "${event.session}": parallel requests changed the same fields (${event.fields.join(', ')}).`,
        );
      case 'gone':
        return this.#logger.debug(
          `Session "${event.session}": a change was dropped, the session had been ${event.reason}.`,
        );
      case 'unavailable':
        return this.#logFailure(event);
      case 'too-late':
        return this.#logger.error(
          `Session "${event.session}" was changed after the response had been sent; the change is lost. Change it ` +
            'before responding, or call await sessions.save().',
        );
      case 'insecure':
        return this.#warnOnce(
          event.session,
          `Session "${event.session}": its cookie is Secure, but the request came over plain http and without ` +
            'X-Forwarded-Proto: https. Browsers drop it, except on localhost. Use https, let the proxy send the ' +
            "header, or set cookie: { secure: 'auto' } outside production.",
        );
      case 'loaded':
      case 'created':
      case 'changed':
      case 'renewed':
      case 'rotated':
      case 'cleared':
      case 'revoked':
        return;
    }
  }

  // An outage fails every request. The storage itself reports its beginning and its end.
  #logFailure({ session, operation, error }: SessionEvent & { type: 'unavailable' }): void {
    const now = performance.now();
    if (now < this.#quietUntil) return void this.#unlogged++;
    this.#quietUntil = now + QUIET_AFTER_FAILURE;
    const more = this.#unlogged === 0 ? '' : ` ${this.#unlogged} more failures since the last line.`;
    this.#unlogged = 0;
    this.#logger.error(`Session "${session}": the storage failed to ${operation}: ${failureReason(error)}${more}`);
  }

  #warnOnce(key: string, message: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#logger.warn(message);
  }
}

function failureReason(error: unknown): string {
  if (!(error instanceof SessionError)) return errorKind(error);
  return error.cause === undefined ? error.message : `${error.message} (${errorKind(error.cause)})`;
}
