import { NEVER } from '../storage/session-storage.js';
import type { SessionActor, SessionDetails } from '../tracker/session-details.js';
import type { TrackedSession } from '../tracker/session-tracker.js';
import { noTimesError } from './own-lifetime.js';
import type { SessionProvider } from './session-provider.js';
import { handleOf } from './session-report.js';

/** Times are epoch milliseconds. */
export interface SessionInfo {
  /** A login counts as creation. */
  readonly createdAt: number;
  /** Exact to `renewAfterInSeconds`. */
  readonly renewedAt: number;
  /** `undefined` without an owner. */
  readonly authenticatedAt: number | undefined;
  /** Last use of each method of `authenticated`. */
  readonly methods: Readonly<Record<string, number>>;
  /** When it ends without further use. */
  readonly expiresAt: number;
  /** `undefined`: no idle timeout. */
  readonly idleExpiresAt: number | undefined;
  /** `undefined`: no absolute timeout. */
  readonly absoluteExpiresAt: number | undefined;
  /** Survives closing the browser. */
  readonly persistent: boolean;
  readonly owner: string | undefined;
  /** For `SessionsService.revoke`. */
  readonly handle: string | undefined;
  /** The user who acts for the owner. */
  readonly actor: SessionActor | undefined;
}

/** @throws {SessionConfigurationError} in Ktor's format, which has no times. */
export function infoOf<S extends object>(provider: SessionProvider<S>, session: TrackedSession<S>): SessionInfo {
  const { tracker, transport, name } = provider;
  const { lifetime } = tracker;
  if (!lifetime) throw noTimesError(name);
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

function actorOf({ details }: { readonly details?: SessionDetails | undefined }): SessionActor | undefined {
  if (!details?.actor) return undefined;
  const { owner, since, until, reason } = details.actor;
  return { owner, since, until, reason };
}

function unlessNever(moment: number): number | undefined {
  return moment >= NEVER ? undefined : moment;
}
