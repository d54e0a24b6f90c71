import type { CookieConfiguration } from '../transport/cookie-configuration.js';

export type OldData = Record<string, unknown>;

export interface MigrationOptions<S extends object, Old extends object = OldData> {
  /**
   * Creates our session, without the package's own fields (`cookie`, `__ts`). `undefined`, `null` or an error rejects
   * it.
   */
  readonly map: (old: Old) => S | undefined | null;
  /** Also writes the old form, for old processes and a rollback. Merges changes by old code. Default `false`. */
  readonly alsoWrite?: boolean;
  /**
   * For `alsoWrite`: the old content. Default: `old` with our fields by name; bigints as strings.
   * @param old `{}` for a new session; keep its other fields.
   */
  readonly unmap?: (session: S, old: Partial<Old>) => object;
  /** Attributes of the old cookie. Default: path `/` and the attributes of our cookies. */
  readonly cookie?: CookieConfiguration;
}

export interface OldSession {
  readonly data: OldData;
  readonly id?: string | undefined;
  readonly writtenAt?: number | undefined;
  readonly expiresAt?: number | undefined;
}

export type OldCookies = ReadonlyMap<string, string>;

export interface OldForm {
  readonly kind: string;
  readonly cookieName: string;
  readonly cookieNames: readonly string[];
  /**
   * @returns `undefined` if invalid.
   * @throws only if a store fails.
   */
  open(cookies: OldCookies): Promise<OldSession | undefined> | OldSession | undefined;
  write(session: OldSession & { readonly expiresAt: number }): Promise<OldCookies> | OldCookies;
  idFor?(of: string | undefined): string;
  end?(id: string): Promise<void>;
}
