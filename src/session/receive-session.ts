import type { LoadResult, RejectionReason, Replay } from '../tracker/session-tracker.js';
import { isPromise, type Awaitable } from '../transformer/awaitable.js';
import { transformRead, type TransformedRead } from '../transformer/session-transport-transformer.js';
import { factsOf, reportFailure, reportOrdinary, type SessionContext } from './session-report.js';
import type { SessionProvider } from './session-provider.js';
import type { IncomingSession } from './session-state.js';

const TRIED_FROM_EACH_END = 4;

export type Receiving<S extends object> = IncomingSession<S> | Promise<IncomingSession<S>>;

/** The first valid value, or the newest with `newestWins`. The caller calls {@link reportReceived}. */
export function receiveSession<S extends object>(context: SessionContext<S>): Receiving<S> {
  const { provider, call } = context;
  call.setHeader('Vary', provider.transport.requestHeader);
  if (!provider.keepCacheControl) call.forbidSharing?.();
  const received = provider.transport.receive(call);
  if (received.length === 0) return { kind: 'absent' };
  if (received.length > 1) return receiveOneOf(context, received);
  return readValue(context, received[0]);
}

export function reportReceived<S extends object>(context: SessionContext<S>, incoming: IncomingSession<S>): void {
  switch (incoming.kind) {
    case 'loaded':
      return reportOrdinary(context, 'loaded', incoming.session);
    case 'rejected':
    case 'superseded': {
      const { reason = 'rotated', path } = incoming;
      const where = path === undefined ? {} : { path };
      context.events.emit({ type: 'rejected', ...factsOf(context, incoming), reason, ...where });
      if (incoming.kind === 'superseded' && incoming.replayed) reportReplayed(context, incoming.replayed);
      return;
    }
    case 'unread':
    case 'absent':
    case 'unavailable':
    case 'frozen':
      return;
  }
}

function reportReplayed<S extends object>(context: SessionContext<S>, { handle, revoked }: Replay): void {
  context.events.emit({ type: 'replayed', ...factsOf(context, { handle }), revoked });
}

async function receiveOneOf<S extends object>(
  context: SessionContext<S>,
  received: ReadonlyArray<string | undefined>,
): Promise<IncomingSession<S>> {
  const { tracker, transport, name } = context.provider;
  // A header value may contain commas.
  if (transport.kind !== 'header') context.events.emit({ type: 'duplicate', session: name, count: received.length });
  const tried = firstAndLast(received);
  const best = await (tracker.newestWins ? receiveNewest(context, tried) : receiveFirst(context, tried));
  // The valid value may be untried: planted cookies must not clear it.
  const isUnknown = best.kind === 'rejected' && tried.length < received.length;
  const reason = transport.kind === 'header' ? undefined : 'duplicate-cookie';
  const incoming: IncomingSession<S> =
    best.kind === 'rejected' ? { ...best, ...(reason && { reason }), ...(isUnknown && { isKept: true }) } : best;
  // Sent before copies are cleared.
  const isMoved = incoming.kind === 'loaded' && transport.clearsElsewhere === true;
  return isMoved ? { ...incoming, outdated: true } : incoming;
}

// Cookies can be planted before or after the valid one, not on both sides.
function firstAndLast<T>(received: readonly T[]): readonly T[] {
  if (received.length <= 2 * TRIED_FROM_EACH_END) return received;
  return [...received.slice(0, TRIED_FROM_EACH_END), ...received.slice(-TRIED_FROM_EACH_END)];
}

// After a change of Domain or Path, browsers keep the old copy.
async function receiveNewest<S extends object>(
  context: SessionContext<S>,
  received: ReadonlyArray<string | undefined>,
): Promise<IncomingSession<S>> {
  let best = await readValue(context, received[0]);
  for (const value of received.slice(1)) {
    const incoming = await readValue(context, value);
    const isBetter = isNewer(incoming, best);
    const other = isBetter ? best : incoming;
    if (isRejected(other)) reportReceived(context, other);
    if (isBetter) best = incoming;
  }
  return best;
}

function isNewer<S extends object>(incoming: IncomingSession<S>, best: IncomingSession<S>): boolean {
  if (incoming.kind !== 'loaded') return incoming.kind === 'frozen' && best.kind !== 'loaded';
  return best.kind !== 'loaded' || incoming.session.renewedAt > best.session.renewedAt;
}

async function receiveFirst<S extends object>(
  context: SessionContext<S>,
  received: ReadonlyArray<string | undefined>,
): Promise<IncomingSession<S>> {
  let nothing = await readValue(context, received[0]);
  for (const value of received.slice(1)) {
    if (!isRejected(nothing)) return nothing;
    const incoming = await readValue(context, value);
    const isBetter = nothing.kind !== 'superseded' || !isRejected(incoming);
    reportReceived(context, isBetter ? nothing : incoming);
    if (isBetter) nothing = incoming;
  }
  return nothing;
}

function isRejected<S extends object>({ kind }: IncomingSession<S>): boolean {
  return kind === 'rejected' || kind === 'superseded';
}

function readValue<S extends object>(context: SessionContext<S>, received: string | undefined): Receiving<S> {
  if (received === undefined) return { kind: 'rejected', reason: 'malformed' };
  const { transformers } = context.provider.transport;
  if (transformers.length === 0) return loadValue(context, received, false);
  let transformed: Awaitable<TransformedRead | undefined>;
  try {
    transformed = transformRead(transformers, received);
  } catch {
    return refused();
  }
  return isPromise(transformed)
    ? Promise.resolve(transformed).then((read) => loadTransformed(context, received, read), refused)
    : loadTransformed(context, received, transformed);
}

function refused(): { readonly kind: 'rejected'; readonly reason: 'tampered' } {
  return { kind: 'rejected', reason: 'tampered' };
}

function loadTransformed<S extends object>(
  context: SessionContext<S>,
  received: string,
  transformed: TransformedRead | undefined,
): Receiving<S> {
  if (transformed) return loadValue(context, transformed.value, transformed.outdated);
  return { kind: 'rejected', reason: reasonOf(context, received) };
}

function reasonOf<S extends object>({ provider, providers }: SessionContext<S>, received: string): RejectionReason {
  try {
    if (knowsKey(provider, received) !== false) return 'tampered';
    return providers?.all.some((other) => knowsKey(other, received)) ? 'wrong-session' : 'unknown-key';
  } catch {
    return 'tampered';
  }
}

/** `undefined`: unknown. */
function knowsKey({ transport }: Pick<SessionProvider, 'transport'>, received: string): boolean | undefined {
  const state = transport.transformers.at(-1)?.keyState?.(received);
  return state === undefined ? undefined : state !== 'unknown';
}

export function loadValue<S extends object>(
  context: SessionContext<S>,
  value: string,
  outdated: boolean,
): Receiving<S> {
  let result: Awaitable<LoadResult<S>>;
  try {
    result = context.provider.tracker.load(value, context.call);
  } catch (error) {
    return unavailable(context, value, error);
  }
  if (!isPromise(result)) return incomingOf(result, outdated);
  return Promise.resolve(result).then(
    (loaded) => incomingOf(loaded, outdated),
    (error: unknown) => unavailable(context, value, error),
  );
}

function unavailable<S extends object>(context: SessionContext<S>, id: string, error: unknown): IncomingSession<S> {
  const isById = context.provider.tracker.clearById !== undefined;
  return { kind: 'unavailable', error: reportFailure(context, 'load', error, isById ? { id } : undefined), id };
}

function incomingOf<S extends object>(result: LoadResult<S>, outdated: boolean): IncomingSession<S> {
  if (result.status === 'loaded') return { kind: 'loaded', session: result.session, outdated };
  if (result.leave) return { kind: 'absent' };
  const { reason, id, path, kept, replayed, handle, createdAt } = result;
  const where = {
    ...(path === undefined ? {} : { path }),
    ...(handle === undefined ? {} : { handle }),
    ...(createdAt === undefined ? {} : { createdAt }),
  };
  if (reason !== 'rotated' && reason !== 'future' && !kept) return { kind: 'rejected', reason, ...where };
  return { kind: 'superseded', reason, ...where, ...(id === undefined ? {} : { id }), ...(replayed && { replayed }) };
}
