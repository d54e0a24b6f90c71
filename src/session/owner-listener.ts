import type { SessionCall } from '../call/session-call.js';
import { ApplicationFailure } from '../errors/application-failure.js';
import { SessionWrongValueError } from '../errors/session.errors.js';
import type { TrackedSession } from '../tracker/session-tracker.js';
import type { SessionProvider } from './session-provider.js';

interface OwnerListenerOptions<S extends object> {
  readonly value: S;
  readonly previous: TrackedSession<S> | undefined;
  /** Of the session that this login ends. */
  readonly endedOwner: string | undefined;
  readonly call: SessionCall;
}

/** `undefined` without a new owner or `onOwnerChange`. */
export function ownerListener<S extends object>(
  { onOwnerChange, tracker, name }: SessionProvider<S>,
  { value, previous, endedOwner, call }: OwnerListenerOptions<S>,
): ((before: string | undefined) => Promise<string>) | undefined {
  const owner = onOwnerChange && tracker.ownerOf?.(value);
  if (owner === undefined || owner === previous?.owner) return undefined;
  const previousOwner = previous?.owner ?? endedOwner;
  return async (before) => {
    // A migrated session has no text yet.
    const visitor = before && previousOwner === undefined ? tracker.read!(before) : undefined;
    try {
      await onOwnerChange!(visitor, value, { owner, previousOwner, call });
    } catch (error) {
      throw new ApplicationFailure(error);
    }
    if (tracker.ownerOf?.(value) === owner) return tracker.serialize(value);
    throw new ApplicationFailure(
      new SessionWrongValueError(
        `onOwnerChange of session "${name}" may not change the owner. Throw to refuse a login.`,
      ),
    );
  };
}
