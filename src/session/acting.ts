import { SessionConfigurationError, SessionError, SessionWrongValueError } from '../errors/session.errors.js';
import type { ActingStep } from '../tracker/session-acting.js';
import type { SessionActor } from '../tracker/session-details.js';
import type { TrackedSession } from '../tracker/session-tracker.js';
import { noTimesError } from './own-lifetime.js';
import type { ActAsOptions } from './request-sessions.js';
import type { SessionProvider } from './session-provider.js';
import { factsOf, handleOf, type SessionContext } from './session-report.js';

const MAX_REASON_LENGTH = 512;
const HOUR_IN_SECONDS = 3600;

/** @throws {SessionError} for invalid arguments of `actAs`. */
export function actorFor<S extends object>(
  { tracker, name, now }: SessionProvider<S>,
  actor: string | undefined,
  owner: string,
  { maxSeconds = HOUR_IN_SECONDS, reason }: ActAsOptions,
): SessionActor {
  if (!tracker.lifetime) throw noTimesError(name);
  if (!tracker.keepsActors) {
    throw new SessionConfigurationError(
      `Session "${name}": actAs() needs a format that can hold an actor. The old form that alsoWrite writes cannot.`,
    );
  }
  if (actor === undefined) {
    throw new SessionWrongValueError(`actAs(): no user is signed in to session "${name}". Call login first.`);
  }
  if (actor === owner) throw new SessionWrongValueError('actAs(): this owner is signed in already. Name another one.');
  if (!Number.isFinite(maxSeconds) || maxSeconds <= 0) {
    throw new SessionWrongValueError(
      'actAs(): maxSeconds must be a positive number of seconds, as in { maxSeconds: 900 }.',
    );
  }
  if (typeof reason !== 'string' || reason.trim() === '' || reason.length > MAX_REASON_LENGTH) {
    throw new SessionWrongValueError(
      `actAs(): reason must be a text of 1 to ${MAX_REASON_LENGTH} characters, such as a ticket number.`,
    );
  }
  const since = now();
  return { owner: actor, since, until: since + Math.round(maxSeconds * 1000), reason };
}

/** 409: possible after `stopActing`. */
export function actingError(verb: string, name: string): SessionError {
  return new SessionError(
    'SESSION_WRONG_VALUE',
    `${verb}(): an actor is acting for the owner of session "${name}". Call stopActing first.`,
    { statusCode: 409 },
  );
}

export function reportActing<S extends object>(
  context: SessionContext<S>,
  step: ActingStep,
  before: TrackedSession<S> | undefined,
  after: TrackedSession<S>,
): void {
  if (!context.events.isObserved('acting')) return;
  const [actors, acting] = step === 'ends' ? [after, before] : [before, after];
  const actor = actors && handleOf(actors);
  context.events.emit({
    type: 'acting',
    ...factsOf(context, acting),
    step: step === 'ends' ? 'ended' : 'began',
    ...(step === 'ends' ? {} : { until: step.until }),
    ...(actor === undefined ? {} : { actor }),
  });
}
