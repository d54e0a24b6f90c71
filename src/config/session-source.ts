import type { KeyMaterial } from '../keys/key-material.js';
import type { KeyRing } from '../keys/key-ring.js';
import type { SessionSerializer } from '../serializer/session-serializer.js';
import { SessionProvider } from '../session/session-provider.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionLifetime } from '../tracker/session-lifetime.js';
import type { CookieConfiguration } from '../transport/cookie-configuration.js';

/** The session with another name, other keys or another cookie. */
export interface SessionVariant {
  readonly name?: string;
  readonly keys?: KeyRing | KeyMaterial | ReadonlyArray<KeyMaterial | undefined>;
  /** Merged with those of the session. */
  readonly cookie?: CookieConfiguration;
}

/** The session with `from`. */
export interface AcceptingSession<S extends object> {
  readonly name: string;
  readonly type: SessionClass<S>;
  readonly serializer: SessionSerializer<S>;
  readonly lifetime: SessionLifetime;
  readonly storageTimeoutInMilliseconds?: number;
  ownerOf(this: void, value: S): string | undefined;
  /** The clock, in epoch milliseconds. */
  readonly now: () => number;
  variant(variant: SessionVariant): SessionProvider<S>;
}

/**
 * Source of accepted sessions, for `from`: see `nestjs-sessions/migrate`.
 *
 * With `alsoWrite`, the old form is also written. `twin`: both forms are kept; the provider needs a `TwinTracker`.
 * `old-place`: the session stays in its old place, and the new form is accepted.
 */
export interface SessionSource<S extends object = object> {
  readonly alsoWrite?: 'twin' | 'old-place' | undefined;
  /** The provider of the old sessions. @throws {SessionConfigurationError} */
  providerFor(session: AcceptingSession<S>): SessionProvider<S>;
}

export function isSessionSource(from: unknown): from is SessionSource {
  return (
    !(from instanceof SessionProvider) && typeof (from as Partial<SessionSource> | null)?.providerFor === 'function'
  );
}
