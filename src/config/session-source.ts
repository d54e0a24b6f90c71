import type { KeyMaterial } from '../keys/key-material.js';
import type { KeyRing } from '../keys/key-ring.js';
import type { SessionSerializer } from '../serializer/session-serializer.js';
import { SessionProvider } from '../session/session-provider.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionLifetime } from '../tracker/session-lifetime.js';
import type { CookieConfiguration } from '../transport/cookie-configuration.js';

/** With another name, keys or cookie. */
export interface SessionVariant {
  readonly name?: string;
  readonly keys?: KeyRing | KeyMaterial | ReadonlyArray<KeyMaterial | undefined>;
  readonly cookie?: CookieConfiguration;
}

export interface AcceptingSession<S extends object> {
  readonly name: string;
  readonly type: SessionClass<S>;
  readonly serializer: SessionSerializer<S>;
  readonly lifetime: SessionLifetime;
  readonly storageTimeoutInMilliseconds?: number;
  ownerOf(this: void, value: S): string | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  variant(variant: SessionVariant): SessionProvider<S>;
}

/**
 * Source of accepted sessions, for `from`. `alsoWrite` also writes the old form: `twin` keeps both forms (the provider
 * needs a `TwinTracker`), `old-place` keeps the session in its old place.
 */
export interface SessionSource<S extends object = object> {
  readonly alsoWrite?: 'twin' | 'old-place' | undefined;
  /** @throws {SessionConfigurationError} */
  providerFor(session: AcceptingSession<S>): SessionProvider<S>;
}

export function isSessionSource(from: unknown): from is SessionSource {
  return (
    !(from instanceof SessionProvider) && typeof (from as Partial<SessionSource> | null)?.providerFor === 'function'
  );
}
