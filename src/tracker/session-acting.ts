import type { SessionActor, SessionDetails } from './session-details.js';

/** A change of owner that is no login: acting for another owner starts or ends. */
export type ActingStep = SessionActor | 'ends';

interface Opened {
  readonly text: string;
  readonly details?: SessionDetails | undefined;
}

/** The details of a session after this step. @param before the session before it. */
export function detailsAfter(step: ActingStep, { text, details }: Opened): SessionDetails | undefined {
  return step === 'ends' ? details?.actor?.details : { ...details, actor: { ...step, text, details } };
}

/** The actor's own session; without an actor, the session itself. */
export function ownOf<T extends Opened>(session: T): T {
  const actor = session.details?.actor;
  return actor === undefined ? session : { ...session, text: actor.text, details: actor.details };
}

/** The same if the acting has expired; otherwise the session itself. */
export function presentAt<T extends Opened>(session: T, now: number): T {
  const actor = session.details?.actor;
  return actor === undefined || now < actor.until ? session : ownOf(session);
}

/** The owner in whose list a session is: the actor, so that it ends with the actor's sessions. */
export function listedOwner(details: SessionDetails | undefined, owner: string | undefined): string | undefined {
  return details?.actor?.owner ?? owner;
}

/** Whether the same person acts in both, so that changes of one may be merged into the other. */
export function isSameUse({ details: one }: Opened, { details: other }: Opened): boolean {
  return one?.actor?.since === other?.actor?.since;
}
