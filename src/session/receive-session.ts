import type { LoadResult, RejectionReason } from '../tracker/session-tracker.js';
import { isPromise, type Awaitable } from '../transformer/awaitable.js';
import { transformRead, type TransformedRead } from '../transformer/session-transport-transformer.js';
import { reportFailure, reportOrdinary, type SessionPlace } from './session-report.js';
import type { IncomingSession } from './session-state.js';

/**
 * Reads what came with the request, at once where nothing has to be waited for: the first of several values that is a
 * session, or why there is none. {@link reportReceived} is left to the caller.
 */
export function receiveSession<S extends object>(place: SessionPlace<S>): Awaitable<IncomingSession<S>> {
  const { provider, call } = place;
  call.setHeader('Vary', provider.transport.requestHeader);
  const received = provider.transport.receive(call);
  if (received.length === 0) return { kind: 'absent' };
  if (received.length > 1) return receiveFirst(place, received);
  return readValue(place, received[0]);
}

/** Reports what came with the request. */
export function reportReceived<S extends object>(place: SessionPlace<S>, incoming: IncomingSession<S>): void {
  switch (incoming.kind) {
    case 'loaded':
      return reportOrdinary(place, 'loaded', incoming.session);
    case 'stale':
      return place.events.emit({ type: 'rejected', session: place.provider.name, reason: incoming.reason });
    case 'superseded':
      return place.events.emit({ type: 'rejected', session: place.provider.name, reason: incoming.reason });
    case 'unread':
    case 'absent':
    case 'unavailable':
    case 'frozen':
      return;
  }
}

async function receiveFirst<S extends object>(
  place: SessionPlace<S>,
  received: ReadonlyArray<string | undefined>,
): Promise<IncomingSession<S>> {
  place.events.emit({ type: 'duplicate', session: place.provider.name, count: received.length });
  let nothing = await readValue(place, received[0]);
  for (const value of received.slice(1)) {
    if (!isRejected(nothing)) return nothing;
    const incoming = await readValue(place, value);
    const isBetter = nothing.kind !== 'superseded' || !isRejected(incoming);
    reportReceived(place, isBetter ? nothing : incoming);
    if (isBetter) nothing = incoming;
  }
  return nothing;
}

function isRejected<S extends object>({ kind }: IncomingSession<S>): boolean {
  return kind === 'stale' || kind === 'superseded';
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
  let result: Awaitable<LoadResult<S>>;
  try {
    result = place.provider.tracker.load(value);
  } catch (error) {
    return unavailable(place, value, error);
  }
  if (!isPromise(result)) return incomingOf(result, outdated);
  return result.then(
    (loaded) => incomingOf(loaded, outdated),
    (error: unknown) => unavailable(place, value, error),
  );
}

// What that means is for the session to say: its policy, and whether the request wants to end it.
function unavailable<S extends object>(place: SessionPlace<S>, id: string, error: unknown): IncomingSession<S> {
  return { kind: 'unavailable', error: reportFailure(place, 'load', error), id };
}

function incomingOf<S extends object>(result: LoadResult<S>, outdated: boolean): IncomingSession<S> {
  if (result.status === 'loaded') return { kind: 'loaded', session: result.session, outdated };
  const { reason, id } = result;
  if (reason !== 'rotated' && reason !== 'future') return { kind: 'stale', reason };
  return { kind: 'superseded', reason, ...(id === undefined ? {} : { id }) };
}
