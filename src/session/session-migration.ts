import { MigratingSessionTracker, type AlsoWrite } from './migrating-session-tracker.js';
import { MigratingSessionTransport } from './migrating-session-transport.js';
import { SessionProvider } from './session-provider.js';

/**
 * A provider that also accepts sessions of another one and replaces them. Old records end after a minute.
 * @param alsoWrite also writes the old form and merges changes of the old code. Default: none.
 */
export function migratingProvider<S extends object>(
  own: SessionProvider<S>,
  from: SessionProvider<S>,
  alsoWrite?: AlsoWrite<S>,
): SessionProvider<S> {
  const transport = new MigratingSessionTransport(
    own as SessionProvider<never>,
    from as SessionProvider<never>,
    alsoWrite !== undefined,
  );
  const tracker = new MigratingSessionTracker(own.tracker, from.tracker, alsoWrite, transport.sharesNameElsewhere);
  return new SessionProvider<S>(own.name, own.type, transport, tracker, {
    sendOnlyIfModified: own.sendOnlyIfModified,
    saveOnServerError: own.saveOnServerError,
    onUnavailable: own.onUnavailable,
    ownerField: own.ownerField,
    keepIdOnSet: own.keepIdOnSet,
    lifetimeOf: (value) => own.lifetimeOf(value),
    onOwnerChange: own.onOwnerChange,
    reauthenticationResets: own.reauthenticationResets,
    tellsReasons: own.tellsReasons,
    now: own.now,
    onGone: own.onGone,
    keepCacheControl: own.keepCacheControl,
  });
}
