import type { SessionCall } from '../call/session-call.js';
import { SessionConflictError, type SessionError } from '../errors/session.errors.js';
import type { SessionDetails } from '../tracker/session-details.js';
import type { TrackedSession } from '../tracker/session-tracker.js';
import type { SessionSnapshot } from '../serializer/session-serializer.js';
import type { SessionProvider } from './session-provider.js';
import type { FreshSession, IncomingSession, SessionState } from './session-state.js';

export type SessionDecision<S extends object> =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'clear' }
  | { readonly kind: 'refuse'; readonly error: SessionError }
  | (SerializedSession<S> & {
      readonly kind: 'renew';
      readonly previous: TrackedSession<S>;
      readonly force?: boolean;
      readonly rotate?: 'due';
    })
  | (SerializedSession<S> & { readonly kind: 'store'; readonly previous?: TrackedSession<S> | undefined });

interface SerializedSession<S extends object> {
  readonly value: S;
  readonly text: string;
  readonly snapshot?: SessionSnapshot<S> | undefined;
}

export interface DecisionInput<S extends object> {
  readonly provider: SessionProvider<S>;
  readonly state: SessionState<S>;
  readonly fresh: FreshSession<S> | undefined;
  readonly call: Pick<SessionCall, 'headSent'>;
  readonly wanted: { readonly rotate?: boolean; readonly details?: SessionDetails };
  readonly renews: boolean;
  readonly sent: boolean;
}

const NOTHING = { kind: 'nothing' } as const;
const CLEAR = { kind: 'clear' } as const;

/** @param keep `false`: only a clear is applied. @throws {SessionUnserializableError} */
export function decide<S extends object>(input: DecisionInput<S>, keep: boolean): SessionDecision<S> {
  const { provider, state } = input;
  switch (state.kind) {
    case 'unread':
    case 'frozen':
      return NOTHING;
    case 'absent':
      return (keep && decideFresh(provider, input.fresh)) || NOTHING;
    case 'rejected':
      return (keep && decideFresh(provider, input.fresh)) || (state.isKept ? NOTHING : CLEAR);
    case 'superseded':
      return (keep && decideSuperseded(provider, input.fresh)) || NOTHING;
    case 'unavailable':
      return keep && decideFresh(provider, input.fresh) ? { kind: 'refuse', error: state.error } : NOTHING;
    case 'loaded':
      return keep ? decideLoaded(input, state.session.value, state.session, state.outdated) : NOTHING;
    case 'set':
      if (state.incoming.kind === 'frozen') return NOTHING;
      if (!keep) return state.ended ? CLEAR : NOTHING;
      if (state.incoming.kind === 'unavailable') return { kind: 'refuse', error: state.incoming.error };
      return decideSet(input, state);
    case 'cleared':
      if (state.incoming.kind === 'frozen') return NOTHING;
      if (state.incoming.kind === 'unavailable') return CLEAR;
      return (
        (keep && decideFresh(provider, input.fresh)) || (isSentByClient(state.incoming) || input.sent ? CLEAR : NOTHING)
      );
  }
}

function isSentByClient(incoming: IncomingSession<object>): boolean {
  switch (incoming.kind) {
    case 'unread':
    case 'rejected':
    case 'superseded':
    case 'unavailable':
    case 'loaded':
      return true;
    case 'absent':
    case 'frozen':
      return false;
  }
}

export function decideFresh<S extends object>(
  provider: SessionProvider<S>,
  fresh: FreshSession<S> | undefined,
): (SessionDecision<S> & { readonly kind: 'store' }) | undefined {
  if (!fresh || fresh.stored === false) return undefined;
  const { value, initial } = fresh;
  if (fresh.stored) return storeDecision(serialized(provider, value), undefined);
  if (typeof initial !== 'string' && initial.matches(value)) return undefined;
  const written = serialized(provider, value);
  // The text omits default values.
  const unchanged = typeof initial === 'string' ? initial : provider.tracker.serialize(new provider.type());
  return written.text === unchanged ? undefined : storeDecision(written, undefined);
}

// A parallel request with the old id must not replace the new cookie, except by a login.
function decideSuperseded<S extends object>(
  provider: SessionProvider<S>,
  fresh: FreshSession<S> | undefined,
): SessionDecision<S> | undefined {
  const changed = decideFresh(provider, fresh);
  if (!changed || provider.tracker.ownerOf?.(changed.value) !== undefined) return changed;
  return { kind: 'refuse', error: new SessionConflictError(provider.name, 'was given a new id') };
}

function decideSet<S extends object>(
  use: DecisionInput<S>,
  state: SessionState<S> & { kind: 'set' },
): SessionDecision<S> {
  const { provider } = use;
  const { incoming, value, ended } = state;
  if (incoming.kind !== 'loaded' || ended) return storeDecision(serialized(provider, value), undefined);
  if (provider.sendOnlyIfModified) return decideLoaded(use, value, incoming.session, incoming.outdated);
  return storeDecision(serialized(provider, value), incoming.session);
}

function decideLoaded<S extends object>(
  input: DecisionInput<S>,
  value: S,
  previous: TrackedSession<S>,
  outdated: boolean,
): SessionDecision<S> {
  const { provider, wanted, renews } = input;
  const { tracker } = provider;
  const rotates = rotationOf(input);
  const isDetailed = wanted.details !== undefined;
  const demanded = rotates !== false || outdated || isDetailed;
  if (!demanded && previous.snapshot?.matches(value)) {
    if (!renews || !tracker.isRenewalDue(previous)) return NOTHING;
    return { kind: 'renew', value, text: previous.text, snapshot: previous.snapshot, previous };
  }
  const written = serializedIfWritable(provider, value, previous);
  if (rotates === true || isDetailed) return storeDecision(written ?? serialized(provider, value), previous);
  const { text } = previous;
  // A migrated session that cannot be serialized stays in the old storage.
  if (!written && text === '') return NOTHING;
  if (written && written.text !== text) return storeDecision(written, previous);
  if (rotates === 'due') return { kind: 'renew', ...(written ?? { value, text }), previous, rotate: rotates };
  if (!demanded && !(renews && tracker.isRenewalDue(previous))) return NOTHING;
  // Without a change, an error must not fail the request.
  return { kind: 'renew', ...(written ?? { value, text }), previous, force: demanded };
}

/** `due`: because of the id's age. */
export function rotationOf<S extends object>({
  provider: { tracker, keepIdOnSet },
  state,
  wanted,
  renews,
  call,
}: DecisionInput<S>): boolean | 'due' {
  if (wanted.rotate) return true;
  if (tracker.kind !== 'by-id') return false;
  if (!keepIdOnSet && replacesLoaded(state)) return true;
  const isDue = state.kind === 'loaded' && renews && tracker.isRotationDue?.(state.session) === true;
  return isDue && !call.headSent && 'due';
}

/** Requires a new id. */
function replacesLoaded<S extends object>(state: SessionState<S>): boolean {
  if (state.kind !== 'set' || state.ended || state.keepsId) return false;
  return state.incoming.kind === 'loaded' && state.incoming.session.value !== state.value;
}

/** `undefined` if an unchanged session cannot be serialized. */
function serializedIfWritable<S extends object>(
  provider: SessionProvider<S>,
  value: S,
  previous: TrackedSession<S>,
): SerializedSession<S> | undefined {
  try {
    return serialized(provider, value);
  } catch (error) {
    if (provider.tracker.isUnchanged?.(value, previous) === true) return undefined;
    throw error;
  }
}

// Faster than spread.
function storeDecision<S extends object>(
  { value, text, snapshot }: SerializedSession<S>,
  previous: TrackedSession<S> | undefined,
): SessionDecision<S> & { readonly kind: 'store' } {
  return { kind: 'store', value, text, snapshot, previous };
}

function serialized<S extends object>({ tracker }: SessionProvider<S>, value: S): SerializedSession<S> {
  return { value, text: tracker.serialize(value), snapshot: tracker.capture?.(value) };
}
