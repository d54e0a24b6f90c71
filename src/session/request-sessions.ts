import type { OwnLifetime } from '../tracker/session-lifetime.js';
import type { SessionInfo } from './session-info.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionOwnerId } from '../tracker/session-owner.js';

/** Initial fields, or a function that sets them. */
export type SessionInit<S extends object> = Partial<S> | ((session: S) => void | Promise<void>);

export interface GetOptions {
  /** Whether reading renews the session. Default `true`. `false` for a page that shows the expiry (WCAG 2.2, 2.2.1). */
  readonly renew?: boolean;
}

export interface AuthenticatedOptions {
  /** Such as `otp`, for `@RequireFresh`. */
  readonly method?: string;
}

export interface ActAsOptions {
  /** Default 3600. */
  readonly maxSeconds?: number;
  /** For audits; at most 512 characters. Stored. */
  readonly reason: string;
}

export interface ClearOptions {
  /** Data that browsers delete (`Clear-Site-Data`). Default: none. */
  readonly siteData?: ReadonlyArray<'cache' | 'cookies' | 'storage' | 'executionContexts' | '*'>;
}

/** The sessions of one request (Ktor: `call.sessions`). */
export interface RequestSessions {
  /**
   * The same instance on each call. Changes are stored before the response.
   * @throws {SessionStorageUnavailableError} if the storage fails.
   */
  get<S extends object>(type: SessionClass<S>, options?: GetOptions): Promise<S | undefined>;
  /** By name (Ktor: `get(name)`). @throws {SessionError} if it is not registered. */
  get(name: string, options?: GetOptions): Promise<object | undefined>;

  /**
   * Facts of the stored session; does not renew it.
   * @throws {SessionConfigurationError} in Ktor's format, which has no times.
   */
  info(type: SessionClass): Promise<SessionInfo | undefined>;

  /**
   * Sets the lifetime of this session until the owner changes. Call it after {@link login}.
   * @throws {SessionError} without a session, or if the class does not allow it.
   */
  lifetime(type: SessionClass, lifetime: OwnLifetime): Promise<void>;

  /**
   * Records a reauthentication and rotates the id (ASVS 5.0 7.2.4).
   * @throws {SessionError} without an owner.
   */
  authenticated(type: SessionClass, options?: AuthenticatedOptions): Promise<void>;

  /** The path that `@RequireFresh` rejected; once. */
  takeReturnPath(type: SessionClass): Promise<string | undefined>;

  /** Sets the value of `generator` if there is no session. */
  getOrSet<S extends object>(type: SessionClass<S>, generator: () => S): Promise<S>;
  /** By name. */
  getOrSet<S extends object>(name: string, generator: () => S): Promise<S>;

  /**
   * Replaces the session. By id, another instance gets a new id.
   * @param options.keepId keeps the id unless the owner changes. Default `false`.
   * @throws {SessionTooLateError} after the response head.
   * @throws {SessionError} if the class is not registered.
   */
  set<S extends object>(value: S, options?: { readonly keepId?: boolean }): void;
  /** By name (Ktor: `set(name, value)`). @throws {SessionError} if `value` is of another class. */
  set(name: string, value: object, options?: { readonly keepId?: boolean }): void;

  /**
   * Signs a user in, with a new id and absolute timeout. A visitor's content is kept; a session of another owner is
   * replaced, so use the returned one.
   * @param owner value of the `@SessionOwner()` field; an object, such as an ObjectId, becomes a string.
   * @param init further fields; an error of the function fails the login.
   * @throws {SessionError} if the owner is empty or invalid.
   * @throws {SessionConfigurationError} without `@SessionOwner()`.
   */
  login<S extends object>(type: SessionClass<S>, owner: SessionOwnerId, init?: SessionInit<S>): Promise<S>;

  /**
   * Lets the user act for another owner, in a new session that keeps the times of the actor's and ends with it. Check
   * the permission yourself.
   * @param owner as in {@link login}.
   * @throws {SessionError} without a signed-in user, for the same owner, or while already acting (409).
   */
  actAs<S extends object>(type: SessionClass<S>, owner: SessionOwnerId, options: ActAsOptions): Promise<S>;

  /** Restores the actor's session. @returns whether a user was acting. */
  stopActing(type: SessionClass): Promise<boolean>;

  /** {@link clear} for this request's session. */
  logout(type: SessionClass, options?: ClearOptions): void;

  /** Ends any session by its id, immediately. */
  clear(type: SessionClass | string, id: string): Promise<void>;
  /** Ends the session on the server and at the client. */
  clear(type: SessionClass | string, options?: ClearOptions): void;

  /** By id only. `undefined` until the session is stored. */
  id(type: SessionClass): Promise<string | undefined>;
  /** Of the only by-id session (Ktor: `call.sessionId`). @throws {SessionError} if there are several. */
  id(): Promise<string | undefined>;
  /**
   * The id, synchronously, for CSRF tokens and logs; of a new session, its future id. A rotation changes it when
   * stored.
   * @returns `undefined` if no session was loaded.
   */
  idNow(type: SessionClass): string | undefined;

  /** Ktor: `findName`. @throws {SessionError} if it is not registered. */
  findName(type: SessionClass): string;

  /** @throws {SessionError} if it is not registered. */
  findType(name: string): SessionClass;

  /**
   * Rotates the id when the session is stored. Call it when privileges change (OWASP Session Management Cheat Sheet). A
   * new owner also does it.
   */
  regenerate(type: SessionClass): Promise<void>;

  /**
   * Applies `change` and stores it now; repeats it on a conflict. By value, it is sent with the response.
   * @param change synchronous; may run several times.
   */
  update<S extends object>(type: SessionClass<S>, change: (present: S) => void): Promise<S>;

  /**
   * Stores all changes now, for example before streaming.
   * @throws {SessionTooLateError} after the response head, except for a by-id session that keeps its id.
   */
  save(): Promise<void>;
}
