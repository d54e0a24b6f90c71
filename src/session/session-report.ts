import type { SessionCall } from '../call/session-call.js';
import { SessionError, SessionStorageUnavailableError } from '../errors/session.errors.js';
import { hashSessionId } from '../tracker/session-id-provider.js';
import type { TrackedSession } from '../tracker/session-tracker.js';
import type { SessionEventSink, SessionFacts } from './session-event.js';
import type { SessionProviders } from './session-providers.js';
import type { SessionProvider } from './session-provider.js';

/** One session in one request. */
export interface SessionContext<S extends object> {
  readonly provider: SessionProvider<S>;
  readonly call: SessionCall;
  readonly events: SessionEventSink;
  readonly providers?: SessionProviders | undefined;
}

type OrdinaryEvent = 'loaded' | 'created' | 'changed' | 'renewed' | 'rotated' | 'cleared';

type KnownSession = Partial<Pick<TrackedSession, 'id' | 'storedId' | 'createdAt' | 'owner'>> & {
  readonly handle?: string | undefined;
};

export function reportOrdinary<S extends object>(
  context: SessionContext<S>,
  type: OrdinaryEvent,
  session: KnownSession,
): void {
  if (context.events.isObserved(type)) context.events.emit({ type, ...factsOf(context, session) });
}

export function reportFailure<S extends object>(
  context: SessionContext<S>,
  operation: 'load' | 'store' | 'clear',
  error: unknown,
  session?: KnownSession,
): SessionError {
  const { provider, call, events } = context;
  const failure =
    error instanceof SessionError
      ? error
      : new SessionStorageUnavailableError(`The storage of session "${provider.name}" failed. Try again.`, {
          cause: error,
        });
  if (failure instanceof SessionStorageUnavailableError) {
    call.setHeader('Retry-After', String(failure.retryAfterInSeconds));
    tellReason(context, 'storage-down');
    const facts = factsOf(context, session);
    events.emit({ type: 'unavailable', ...facts, reason: 'storage-down', operation, error: failure });
  }
  return failure;
}

export function factsOf<S extends object>(
  { provider, events }: SessionContext<S>,
  session?: KnownSession,
): SessionFacts {
  if (session === undefined) return { session: provider.name };
  const { createdAt, owner } = session;
  const handle = handleOf(session);
  const hasAge = createdAt !== undefined && provider.tracker.lifetime !== undefined;
  return {
    session: provider.name,
    ...(handle === undefined ? {} : { handle }),
    ...(hasAge ? { ageInSeconds: Math.max(0, Math.floor((provider.now() - createdAt) / 1000)) } : {}),
    ...(events.nameOwner && owner !== undefined ? { owner } : {}),
  };
}

export function handleOf({ handle, id, storedId }: KnownSession): string | undefined {
  return handle ?? (id === undefined ? undefined : (storedId ?? hashSessionId(id)));
}

/** As `Server-Timing`, outside production. */
export function tellReason<S extends object>({ provider, call }: SessionContext<S>, reason: string): void {
  if (provider.tellsReasons) call.setHeader('Server-Timing', `session;desc="${provider.name}: ${reason}"`);
}
