import type { KeyMaterial } from '../keys/key-material.js';
import type { KeyRing } from '../keys/key-ring.js';
import type { SessionSerializer } from '../serializer/session-serializer.js';
import { SessionProvider } from '../session/session-provider.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionLifetime } from '../tracker/session-lifetime.js';
import type { CookieConfiguration } from '../transport/cookie-configuration.js';

/** Another place or another key of the same session. */
export interface SessionVariant {
  readonly name?: string;
  readonly keys?: KeyRing | KeyMaterial | ReadonlyArray<KeyMaterial | undefined>;
  /** Attributes of the cookie, over those of the session. */
  readonly cookie?: CookieConfiguration;
}

/** The session that accepts others by its `from`. */
export interface AcceptingSession<S extends object> {
  readonly name: string;
  readonly type: SessionClass<S>;
  readonly serializer: SessionSerializer<S>;
  readonly lifetime: SessionLifetime;
  readonly storageTimeoutInMilliseconds?: number;
  /** Whose session a value is. */
  ownerOf(this: void, value: S): string | undefined;
  /** The clock, in epoch milliseconds. */
  readonly now: () => number;
  /** The same session, kept in another place. */
  variant(variant: SessionVariant): SessionProvider<S>;
}

/**
 * Where sessions come from, for `from`: see `nestjs-sessions/migrate`.
 *
 * With `alsoWrite`, the old form is written too: `twin` keeps both forms (the provider's tracker is a twin tracker),
 * `old-place` keeps the session in its old place and accepts the new one.
 */
export interface SessionSource<S extends object = object> {
  readonly alsoWrite?: 'twin' | 'old-place' | undefined;
  /** The provider of the old sessions. @throws {SessionConfigurationError} for what cannot work. */
  providerFor(session: AcceptingSession<S>): SessionProvider<S>;
}

/** Whether `from` is a source, and no provider. */
export function isSessionSource(from: unknown): from is SessionSource {
  return (
    !(from instanceof SessionProvider) && typeof (from as Partial<SessionSource> | null)?.providerFor === 'function'
  );
}
