import { NEVER } from '../storage/session-storage.js';
import type { SessionActor, SessionDetails } from '../tracker/session-details.js';
import type { TrackedSession } from '../tracker/session-tracker.js';
import { withoutTimes } from './own-lifetime.js';
import type { SessionProvider } from './session-provider.js';
import { handleOf } from './session-report.js';

/** What there is to know of a stored session besides its content. Times are epoch milliseconds. */
export interface SessionInfo {
  /** When it was created: at the login, for a session with an owner. */
  readonly createdAt: number;
  /** When it was last renewed by use, exact to `renewAfterInSeconds`. */
  readonly renewedAt: number;
  /** When its owner last proved who they are. `undefined` for a session without an owner. */
  readonly authenticatedAt: number | undefined;
  /** The methods named to `sessions.authenticated`, and when each was last used. */
  readonly methods: Readonly<Record<string, number>>;
  /** When it ends if it is not used. */
  readonly expiresAt: number;
  /** The same by the idle timeout alone. `undefined`: it has none. */
  readonly idleExpiresAt: number | undefined;
  /** When it ends however much it is used. `undefined`: never. */
  readonly absoluteExpiresAt: number | undefined;
  /** Whether the client keeps it when the browser is closed. */
  readonly persistent: boolean;
  /** Whose session it is. */
  readonly owner: string | undefined;
  /** By id: its public name, for lists and `SessionsService.revoke`. */
  readonly handle: string | undefined;
  /** Who acts for the owner, since when, until when at the latest, and why; see `sessions.actAs`. `undefined`: nobody. */
  readonly actor: SessionActor | undefined;
}

/** @throws {SessionConfigurationError} for a session in the format of Ktor, which has no times. */
export function infoOf<S extends object>(provider: SessionProvider<S>, session: TrackedSession<S>): SessionInfo {
  const { tracker, transport, name } = provider;
  const { lifetime } = tracker;
  if (!lifetime) throw withoutTimes(name);
  const { createdAt, renewedAt, details, owner } = session;
  return {
    createdAt,
    renewedAt,
    authenticatedAt: owner === undefined ? undefined : (details?.authenticatedAt ?? createdAt),
    methods: { ...details?.methods },
    expiresAt: lifetime.expiresAt(session),
    idleExpiresAt: unlessNever(lifetime.idleExpiry(session)),
    absoluteExpiresAt: unlessNever(lifetime.latestExpiry(session)),
    persistent: details?.persistent ?? transport.persistent ?? true,
    owner,
    handle: handleOf(session),
    actor: actorOf(session),
  };
}

// Without the session of theirs that is kept beside it.
function actorOf({ details }: { readonly details?: SessionDetails | undefined }): SessionActor | undefined {
  if (!details?.actor) return undefined;
  const { owner, since, until, reason } = details.actor;
  return { owner, since, until, reason };
}

function unlessNever(moment: number): number | undefined {
  return moment >= NEVER ? undefined : moment;
}
