import { assertKnownOptions } from '../errors/known-options.js';
import type { SessionSource, AcceptingSession } from '../config/session-source.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import { SessionProvider } from '../session/session-provider.js';
import { assertBoolean } from '../storage/option-checks.js';
import { OldCookieTransport } from './old-cookie-transport.js';
import { OldSessionTracker } from './old-session-tracker.js';
import type { MigrationOptions, OldForm } from './old-session.js';

const COMMON = ['map', 'unmap', 'alsoWrite', 'cookie'];

export function migrationSource<S extends object, Old extends object>(
  kind: string,
  options: MigrationOptions<S, Old>,
  known: readonly string[],
  formFor: (accepting: Pick<AcceptingSession<S>, 'now' | 'storageTimeoutInMilliseconds'>) => OldForm,
): SessionSource<S> {
  if (typeof options !== 'object' || options === null) {
    throw new SessionConfigurationError(`… }). => … }).`);
  }
  assertKnownOptions(kind, options, [...known, ...COMMON]);
  assertBoolean(`alsoWrite of ${kind}`, options.alsoWrite);
  if (typeof options.map !== 'function') {
    throw new SessionConfigurationError(
      `${kind} needs map, which creates a session from an old one: ` +
        'map: (old) => (old.userId ? Object.assign(new AuthSession(), { userId: old.userId }) : undefined).',
    );
  }
  if (options.unmap && !options.alsoWrite) {
    throw new SessionConfigurationError(`${kind}: unmap requires alsoWrite: true. Add it or remove unmap.`);
  }
  return {
    alsoWrite: options.alsoWrite ? 'twin' : undefined,
    providerFor: (accepting) => {
      const form = formFor(accepting);
      const { lifetime } = accepting;
      const longest = (lifetime.idle || lifetime.absolute) / 1000;
      const transport = new OldCookieTransport(form, options.cookie ?? {}, longest > 0 ? Math.ceil(longest) : null);
      return new SessionProvider<S>(
        form.cookieName,
        accepting.type,
        transport,
        new OldSessionTracker(form, accepting, options),
      );
    },
  };
}
