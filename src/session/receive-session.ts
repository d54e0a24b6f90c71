import type { LoadResult, RejectionReason } from '../tracker/session-tracker.js';
import { isPromise, type Awaitable } from '../transformer/awaitable.js';
import { transformRead, type TransformedRead } from '../transformer/session-transport-transformer.js';
import { reportFailure, reportOrdinary, type SessionPlace } from './session-report.js';
import type { IncomingSession } from './session-state.js';

/**
 * Reads what came with the request, at once where nothing has to be waited for: the first of several values that is a
 * session, or why there is none.
 * @throws {SessionStorageUnavailableError} when the storage fails and the session may not be missed.
 */
export function receiveSession<S extends object>(place: SessionPlace<S>): Awaitable<IncomingSession<S>> {
  const { provider, call } = place;
  call.setHeader('Vary', provider.transport.requestHeader);
  const received = provider.transport.receive(call);
  if (received.length === 0) return { kind: 'absent' };
  if (received.length > 1) return receiveFirst(place, received);
  const read = readValue(place, received[0]);
  return isPromise(read) ? read.then((incoming) => reported(place, incoming)) : reported(place, read);
}

async function receiveFirst<S extends object>(
  place: SessionPlace<S>,
  received: ReadonlyArray<string | undefined>,
): Promise<IncomingSession<S>> {
  place.events.emit({ type: 'duplicate', session: place.provider.name, count: received.length });
  let nothing: IncomingSession<S> = { kind: 'stale', reason: 'malformed' };
  for (const value of received) {
    const incoming = reported(place, await readValue(place, value));
    if (incoming.kind !== 'stale' && incoming.kind !== 'superseded') return incoming;
    if (nothing.kind !== 'superseded') nothing = incoming;
  }
  return nothing;
}

function reported<S extends object>(place: SessionPlace<S>, incoming: IncomingSession<S>): IncomingSession<S> {
  if (incoming.kind === 'loaded') reportOrdinary(place, 'loaded', incoming.session);
  if (incoming.kind !== 'stale' && incoming.kind !== 'superseded') return incoming;
  const reason = incoming.kind === 'stale' ? incoming.reason : 'rotated';
  place.events.emit({ type: 'rejected', session: place.provider.name, reason });
  return incoming;
}

function readValue<S extends object>(
  place: SessionPlace<S>,
  received: string | undefined,
): Awaitable<IncomingSession<S>> {
  if (received === undefined) return { kind: 'stale', reason: 'malformed' };
  const { transformers } = place.provider.transport;
  if (transformers.length === 0) return loadValue(place, received, false);
  let transformed: Awaitable<TransformedRead | undefined>;
  try {
    transformed = transformRead(transformers, received);
  } catch {
    return refused();
  }
  return isPromise(transformed)
    ? transformed.then((read) => loadTransformed(place, received, read), refused)
    : loadTransformed(place, received, transformed);
}

function refused(): { readonly kind: 'stale'; readonly reason: 'tampered' } {
  return { kind: 'stale', reason: 'tampered' };
}

function loadTransformed<S extends object>(
  place: SessionPlace<S>,
  received: string,
  transformed: TransformedRead | undefined,
): Awaitable<IncomingSession<S>> {
  if (transformed) return loadValue(place, transformed.value, transformed.outdated);
  return { kind: 'stale', reason: reasonOf(place, received) };
}

function reasonOf<S extends object>({ provider }: SessionPlace<S>, received: string): RejectionReason {
  try {
    const { transformers } = provider.transport;
    return transformers.at(-1)?.keyState?.(received) === 'unknown' ? 'unknown-key' : 'tampered';
  } catch {
    return 'tampered';
  }
}

function loadValue<S extends object>(
  place: SessionPlace<S>,
  value: string,
  outdated: boolean,
): Awaitable<IncomingSession<S>> {
  const failed = (error: unknown): IncomingSession<S> => {
    const failure = reportFailure(place, 'load', error);
    if (place.provider.onUnavailable === 'anonymous') return { kind: 'frozen' };
    throw failure;
  };
  let result: Awaitable<LoadResult<S>>;
  try {
    result = place.provider.tracker.load(value);
  } catch (error) {
    return failed(error);
  }
  return isPromise(result)
    ? result.then((loaded) => incomingOf(loaded, outdated), failed)
    : incomingOf(result, outdated);
}

function incomingOf<S extends object>(result: LoadResult<S>, outdated: boolean): IncomingSession<S> {
  if (result.status === 'loaded') return { kind: 'loaded', session: result.session, outdated };
  const { reason, id } = result;
  if (reason === 'rotated') return { kind: 'superseded', ...(id === undefined ? {} : { id }) };
  return { kind: 'stale', reason };
}
