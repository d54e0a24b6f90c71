import type { CookieConfiguration } from '../transport/cookie-configuration.js';

/** What an old session held. */
export type OldData = Record<string, unknown>;

/** What every source of old sessions takes. */
export interface MigrationOptions<S extends object, Old extends object = OldData> {
  /**
   * Makes our session of what the old one held, without the package's own fields (`cookie`, `__ts`). The content is
   * what the old application stored. A session for which it returns `undefined` or `null`, or throws, is refused: the
   * visitor is anonymous.
   */
  readonly map: (old: Old) => S | undefined | null;
  /**
   * Writes the old form of each session too, until you switch it off: processes with the old code still know the
   * visitor, and a rollback loses nothing. What the old code changes is taken over, and a session that ends on one side
   * ends on both. Default `false`.
   */
  readonly alsoWrite?: boolean;
  /**
   * With `alsoWrite`: what the old session holds for ours.
   * @param old what it held before; `{}` for a new session. Fields that only the old code knows stay.
   * Default: `old` with the fields of our session, by their names; a bigint as its text.
   */
  readonly unmap?: (session: S, old: Partial<Old>) => object;
  /**
   * The attributes of the old cookie: `domain` and `path` say where it is cleared, and all of them how it is written
   * with `alsoWrite`. Default: path `/`, and the attributes of our own cookies.
   */
  readonly cookie?: CookieConfiguration;
}

/** One session in an old form. */
export interface OldSession {
  readonly data: OldData;
  /** Where it is kept on a server: its id there. */
  readonly id?: string | undefined;
  /** When it was written, and when it ends, in epoch milliseconds; as far as the form tells. */
  readonly writtenAt?: number | undefined;
  readonly expiresAt?: number | undefined;
}

/** Cookies of one session: values by name, as they stand in the header. */
export type OldCookies = ReadonlyMap<string, string>;

/** How one package keeps its sessions. */
export interface OldForm {
  /** The package, for messages. */
  readonly kind: string;
  /** The cookie by which the session is named. */
  readonly cookieName: string;
  /** Every cookie that may hold a part of a session. */
  readonly cookieNames: readonly string[];
  /** @returns `undefined` for cookies that are no valid session. @throws only when a store fails. */
  open(cookies: OldCookies): Promise<OldSession | undefined> | OldSession | undefined;
  /** Keeps a session, and gives the cookies that the client is to hold. */
  write(session: OldSession & { readonly expiresAt: number }): Promise<OldCookies> | OldCookies;
  /** An id for a session of ours. Absent where sessions have none. @param of a name that no other session has. */
  idFor?(of: string | undefined): string;
  /** Ends a session by its id. Absent where sessions have none. */
  end?(id: string): Promise<void>;
}
