import { SessionError, SessionStorageUnavailableError } from '../errors/session.errors.js';
import { hashSessionId } from '../tracker/session-id-provider.js';
import type { ResponseCall } from './response-call.js';
import type { SessionEvents } from './session-event.js';
import type { SessionProvider } from './session-provider.js';

/** One declared session in one exchange: what there is to know of its surroundings. */
export interface SessionPlace<S extends object> {
  readonly provider: SessionProvider<S>;
  readonly call: ResponseCall;
  readonly events: SessionEvents;
}

type OrdinaryEvent = 'loaded' | 'created' | 'changed' | 'renewed' | 'rotated' | 'cleared';

const HANDLE_LENGTH = 8;

/** Reports what happens every day. The handle is a hash, and most applications listen to none of these. */
export function reportOrdinary<S extends object>(
  { provider, events }: SessionPlace<S>,
  type: OrdinaryEvent,
  session: { readonly id?: string | undefined },
): void {
  if (events.hears(type)) events.emit({ type, session: provider.name, ...handleOf(session) });
}

/** Reports that the storage failed, and tells the client when to try again. @returns what to throw. */
export function reportFailure<S extends object>(
  { provider, call, events }: SessionPlace<S>,
  operation: 'load' | 'store' | 'clear',
  error: unknown,
): SessionError {
  const failure =
    error instanceof SessionError
      ? error
      : new SessionStorageUnavailableError(`The storage of session "${provider.name}" failed. Try again.`, {
          cause: error,
        });
  if (failure instanceof SessionStorageUnavailableError) {
    call.setHeader('Retry-After', String(failure.retryAfterInSeconds));
    events.emit({ type: 'unavailable', session: provider.name, operation, error: failure });
  }
  return failure;
}

/** The first characters of a stored id, by which one session can be followed through a log. */
export function handleOf(session: { readonly id?: string | undefined } | undefined): { handle?: string } {
  return session?.id === undefined ? {} : { handle: hashSessionId(session.id).slice(0, HANDLE_LENGTH) };
}
