import type { SessionActor, SessionDetails } from './session-details.js';

/** Acting for another owner starts or ends. */
export type ActingStep = SessionActor | 'ends';

interface Opened {
  readonly text: string;
  readonly details?: SessionDetails | undefined;
}

export function detailsAfter(step: ActingStep, { text, details }: Opened): SessionDetails | undefined {
  return step === 'ends' ? details?.actor?.details : { ...details, actor: { ...step, text, details } };
}

/** The actor's own session; without an actor, the session. */
export function actorSessionOf<T extends Opened>(session: T): T {
  const actor = session.details?.actor;
  return actor === undefined ? session : { ...session, text: actor.text, details: actor.details };
}

/** {@link actorSessionOf} once the acting has expired. */
export function sessionAt<T extends Opened>(session: T, now: number): T {
  const actor = session.details?.actor;
  return actor === undefined || now < actor.until ? session : actorSessionOf(session);
}

/** The actor if there is one, so that the session ends with the actor's sessions. */
export function listedOwner(details: SessionDetails | undefined, owner: string | undefined): string | undefined {
  return details?.actor?.owner ?? owner;
}

/** Only sessions of the same actor, or without actors, may be merged. */
export function hasSameActor({ details: one }: Opened, { details: other }: Opened): boolean {
  return one?.actor?.since === other?.actor?.since;
}
