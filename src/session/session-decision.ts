import { SessionConflictError, type SessionError } from '../errors/session.errors.js';
import type { TrackedSession } from '../tracker/session-tracker.js';
import type { SessionSnapshot } from '../serializer/session-serializer.js';
import type { SessionProvider } from './session-provider.js';
import { cameWith, type FreshSession, type SessionState } from './session-state.js';

/** What has to be done so that storage and client agree with what the application made of a session. */
export type SessionDecision<S extends object> =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'clear' }
  /** A change that cannot be stored: the request fails with `error`. */
  | { readonly kind: 'refuse'; readonly error: SessionError }
  | (Written<S> & {
      readonly kind: 'renew';
      readonly previous: TrackedSession<S>;
      /** Whether or not enough of its idle timeout has passed. */
      readonly force?: boolean;
      /** It gets a new id, because its id is old enough. */
      readonly rotate?: 'due';
    })
  | (Written<S> & { readonly kind: 'store'; readonly previous?: TrackedSession<S> | undefined });

/** A session, and what it held when the decision was made. */
interface Written<S extends object> {
  readonly value: S;
  readonly text: string;
  readonly snapshot?: SessionSnapshot<S> | undefined;
}

/** What an application made of one session in one request. */
export interface SessionUse<S extends object> {
  readonly state: SessionState<S>;
  /** A new session that was handed out, and counts if it has been changed. */
  readonly fresh: FreshSession<S> | undefined;
  /** It asked for a new id; `due`: the id is old enough. */
  readonly rotate: boolean | 'due';
  /** It set details: a lifetime, an authentication. */
  readonly detailed: boolean;
  /** It used the session, and did not only ask about it. */
  readonly renews: boolean;
  /** A value has been put on the response before. */
  readonly sent: boolean;
}

const NOTHING = { kind: 'nothing' } as const;
const CLEAR = { kind: 'clear' } as const;

/**
 * @param keep changes are to be stored; else only an end counts.
 * @throws {SessionUnserializableError}
 */
export function decide<S extends object>(
  provider: SessionProvider<S>,
  use: SessionUse<S>,
  keep: boolean,
): SessionDecision<S> {
  const { state } = use;
  switch (state.kind) {
    case 'unread':
    case 'frozen':
      return NOTHING;
    case 'absent':
      return (keep && decideFresh(provider, use.fresh)) || NOTHING;
    case 'rejected':
      return (keep && decideFresh(provider, use.fresh)) || (state.isKept ? NOTHING : CLEAR);
    case 'superseded':
      return (keep && decideSuperseded(provider, use.fresh)) || NOTHING;
    case 'unavailable':
      return keep && decideFresh(provider, use.fresh) ? { kind: 'refuse', error: state.error } : NOTHING;
    case 'loaded':
      return keep ? decideLoaded(provider, use, state.session.value, state.session, state.outdated) : NOTHING;
    case 'set':
      if (state.incoming.kind === 'frozen') return NOTHING;
      if (!keep) return state.ended ? CLEAR : NOTHING;
      if (state.incoming.kind === 'unavailable') return { kind: 'refuse', error: state.incoming.error };
      return decideSet(provider, use, state);
    case 'cleared':
      if (state.incoming.kind === 'frozen') return NOTHING;
      if (state.incoming.kind === 'unavailable') return CLEAR;
      return (keep && decideFresh(provider, use.fresh)) || (cameWith(state.incoming) || use.sent ? CLEAR : NOTHING);
  }
}

/** Stores a new session if it has been changed. */
export function decideFresh<S extends object>(
  provider: SessionProvider<S>,
  fresh: FreshSession<S> | undefined,
): (SessionDecision<S> & { readonly kind: 'store' }) | undefined {
  if (!fresh || fresh.stored === false) return undefined;
  const { value, initial } = fresh;
  if (fresh.stored) return stored(write(provider, value), undefined);
  if (typeof initial !== 'string' && initial.matches(value)) return undefined;
  const written = write(provider, value);
  // A snapshot is stricter than the text, which leaves out what comes back by itself.
  const unchanged = typeof initial === 'string' ? initial : provider.tracker.serialize(new provider.type());
  return written.text === unchanged ? undefined : stored(written, undefined);
}

// A request under way with the old id must not replace the new session's cookie by one for a session that nobody signed
// in to, and must not take its change for stored; a login does replace it, since the client may never have got it.
function decideSuperseded<S extends object>(
  provider: SessionProvider<S>,
  fresh: FreshSession<S> | undefined,
): SessionDecision<S> | undefined {
  const changed = decideFresh(provider, fresh);
  if (!changed || provider.tracker.ownerOf?.(changed.value) !== undefined) return changed;
  return { kind: 'refuse', error: new SessionConflictError(provider.name, 'was given a new id') };
}

function decideSet<S extends object>(
  provider: SessionProvider<S>,
  use: SessionUse<S>,
  state: SessionState<S> & { kind: 'set' },
): SessionDecision<S> {
  const { incoming, value, ended } = state;
  if (incoming.kind !== 'loaded' || ended) return stored(write(provider, value), undefined);
  if (provider.sendOnlyIfModified) return decideLoaded(provider, use, value, incoming.session, incoming.outdated);
  return stored(write(provider, value), incoming.session);
}

function decideLoaded<S extends object>(
  provider: SessionProvider<S>,
  { rotate, detailed, renews }: SessionUse<S>,
  value: S,
  previous: TrackedSession<S>,
  outdated: boolean,
): SessionDecision<S> {
  const { tracker } = provider;
  const demanded = rotate !== false || outdated || detailed;
  if (!demanded && previous.snapshot?.matches(value)) {
    if (!renews || !tracker.isRenewalDue(previous)) return NOTHING;
    return { kind: 'renew', value, text: previous.text, snapshot: previous.snapshot, previous };
  }
  const written = writeLoaded(provider, value, previous);
  if (rotate === true || detailed) return stored(written ?? write(provider, value), previous);
  const { text } = previous;
  // One that has only just moved here has no text of ours: it stays where it is.
  if (!written && text === '') return NOTHING;
  if (written && written.text !== text) return stored(written, previous);
  if (rotate === 'due') return { kind: 'renew', ...(written ?? { value, text }), previous, rotate };
  if (!demanded && !(renews && tracker.isRenewalDue(previous))) return NOTHING;
  // The request has changed nothing, so it must not fail where this does.
  return { kind: 'renew', ...(written ?? { value, text }), previous, force: demanded };
}

/** `undefined` for a session that cannot be written and has not been changed. */
function writeLoaded<S extends object>(
  provider: SessionProvider<S>,
  value: S,
  previous: TrackedSession<S>,
): Written<S> | undefined {
  try {
    return write(provider, value);
  } catch (error) {
    if (provider.tracker.isUnchanged?.(value, previous) === true) return undefined;
    throw error;
  }
}

// Spreading would copy field by field, out of the engine.
function stored<S extends object>(
  { value, text, snapshot }: Written<S>,
  previous: TrackedSession<S> | undefined,
): SessionDecision<S> & { readonly kind: 'store' } {
  return { kind: 'store', value, text, snapshot, previous };
}

function write<S extends object>({ tracker }: SessionProvider<S>, value: S): Written<S> {
  return { value, text: tracker.serialize(value), snapshot: tracker.capture?.(value) };
}
