import type { OwnLifetime } from '../tracker/session-lifetime.js';
import type { SessionInfo } from './session-info.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionOwnerId } from '../tracker/session-owner.js';

/** Initial fields of a `login`, or a function that sets them. */
export type SessionInit<S extends object> = Partial<S> | ((session: S) => void | Promise<void>);

export interface GetOptions {
  /**
   * Whether reading renews the session when due. Default `true`. `false` for a page that only shows the expiry (WCAG
   * 2.2, 2.2.1).
   */
  readonly renew?: boolean;
}

export interface AuthenticatedOptions {
  /** Such as `otp` or `password`. Stored with its time, for `@RequireFresh`. */
  readonly method?: string;
}

export interface ActAsOptions {
  /** Maximum duration; then the session is the actor's again. Default 3600. */
  readonly maxSeconds?: number;
  /** For audits, such as a ticket number; at most 512 characters. Stored with the session. */
  readonly reason: string;
}

export interface ClearOptions {
  /**
   * Data that the browser deletes, sent as `Clear-Site-Data` over HTTPS (W3C Clear Site Data; OWASP Session Management
   * Cheat Sheet). Default: none.
   */
  readonly siteData?: ReadonlyArray<'cache' | 'cookies' | 'storage' | 'executionContexts' | '*'>;
}

/** The sessions of one request (Ktor: `call.sessions`, interface `CurrentSession`). */
export interface RequestSessions {
  /**
   * Returns the session, or `undefined`; the same instance on each call. Changes to it are stored and sent before the
   * response.
   * @throws {SessionStorageUnavailableError} if the storage fails.
   */
  get<S extends object>(type: SessionClass<S>, options?: GetOptions): Promise<S | undefined>;
  /** By the session's name (Ktor: `get(name)`). @throws {SessionError} if the name is not registered. */
  get(name: string, options?: GetOptions): Promise<object | undefined>;

  /**
   * Returns times, owner and handle of the stored session, without renewing it. `undefined` without one, and for a new
   * session until it is stored.
   * @throws {SessionConfigurationError} for a session in Ktor's format, which has no times.
   */
  info(type: SessionClass): Promise<SessionInfo | undefined>;

  /**
   * Sets the lifetime of this session until its owner changes: "remember me", or a shorter one on a shared computer.
   * Call it after {@link login}.
   * @throws {SessionError} without a session, or if the class does not allow this lifetime.
   */
  lifetime(type: SessionClass, lifetime: OwnLifetime): Promise<void>;

  /**
   * Records that the owner has authenticated again ("confirm it's you"): sets the time of authentication, which
   * `@RequireFresh` checks, and gives the session a new id (ASVS 5.0 7.2.4).
   * @throws {SessionError} without an owner.
   */
  authenticated(type: SessionClass, options?: AuthenticatedOptions): Promise<void>;

  /**
   * Returns, once, the path that `@RequireFresh` with `redirectTo` rejected; always a path of this application.
   * `undefined` if there is none.
   */
  takeReturnPath(type: SessionClass): Promise<string | undefined>;

  /** Returns the session, or sets and returns the value of `generator`. */
  getOrSet<S extends object>(type: SessionClass<S>, generator: () => S): Promise<S>;
  /** By the session's name. */
  getOrSet<S extends object>(name: string, generator: () => S): Promise<S>;

  /**
   * Replaces the session of this class with `value`. A by-id session gets a new id if `value` is another instance.
   * @param options.keepId keeps the id, unless the owner changes. Default `false`.
   * @throws {SessionTooLateError} after the response head was sent.
   * @throws {SessionError} if the class is not registered.
   */
  set<S extends object>(value: S, options?: { readonly keepId?: boolean }): void;
  /** By the session's name (Ktor: `set(name, value)`). @throws {SessionError} if `value` is of another class. */
  set(name: string, value: object, options?: { readonly keepId?: boolean }): void;

  /**
   * Signs a user in: sets the owner, with a new id and a new absolute timeout. The content of a visitor's session is
   * kept. A session of another owner ends and is replaced by a new instance, so use the returned one.
   * @param owner value of the `@SessionOwner()` field. An object, such as an ObjectId, is converted to a string.
   * @param init further fields, or a function that sets them. If it throws, the login fails.
   * @throws {SessionError} if the owner is empty or invalid.
   * @throws {SessionConfigurationError} if the class has no `@SessionOwner()`.
   */
  login<S extends object>(type: SessionClass<S>, owner: SessionOwnerId, init?: SessionInit<S>): Promise<S>;

  /**
   * Lets the signed-in user act for another owner, for support and administration. The application must check the
   * permission. Starts a new session of that owner, with a new id; `info(Type).actor` shows the actor. It keeps the
   * times of the actor's session, including the time of authentication, counts as one of the actor's sessions and ends
   * with them. `login` and `logout` end both.
   * @param owner as in {@link login}.
   * @returns the new session of the owner.
   * @throws {SessionError} without a signed-in user, for the same owner, or while already acting (409).
   */
  actAs<S extends object>(type: SessionClass<S>, owner: SessionOwnerId, options: ActAsOptions): Promise<S>;

  /**
   * Ends {@link actAs}: restores the actor's session, with a new id.
   * @returns whether a user was acting; `false` also after the maximum duration.
   */
  stopActing(type: SessionClass): Promise<boolean>;

  /** Signs out: {@link clear} for this request's session. */
  logout(type: SessionClass, options?: ClearOptions): void;

  /** Ends a session by its id immediately. The id of this request's session also clears it at the client. */
  clear(type: SessionClass | string, id: string): Promise<void>;
  /** Ends the session on the server and at the client. */
  clear(type: SessionClass | string, options?: ClearOptions): void;

  /** The id of a by-id session; `undefined` for a new session until it is stored. */
  id(type: SessionClass): Promise<string | undefined>;
  /**
   * The id of the application's only by-id session; `undefined` if there is none (Ktor: `call.sessionId`).
   * @throws {SessionError} if there are several.
   */
  id(): Promise<string | undefined>;
  /**
   * The id of a by-id session, synchronously, for CSRF tokens and log formatters. A new session returns the id under
   * which it will be stored. A login or `regenerate` changes the id when it is stored.
   * @returns `undefined` without a session, or if it was not loaded in this request.
   */
  idNow(type: SessionClass): string | undefined;

  /** The name of a session class (Ktor: `findName`). @throws {SessionError} if it is not registered. */
  findName(type: SessionClass): string;

  /** The class with this session name. @throws {SessionError} if it is not registered. */
  findType(name: string): SessionClass;

  /**
   * Gives the session a new id when it is stored. Call it when privileges change (OWASP Session Management Cheat Sheet,
   * "Renew the Session ID After Any Privilege Level Change"). A change of the `@SessionOwner()` field also does it.
   */
  regenerate(type: SessionClass): Promise<void>;

  /**
   * Applies `change` and stores the session immediately; repeats it with the latest content on a conflict. For
   * counters, stock, one-time tokens. By value, the change is sent with the response.
   * @param change synchronous; may run several times.
   * @returns the stored session.
   */
  update<S extends object>(type: SessionClass<S>, change: (present: S) => void): Promise<S>;

  /**
   * Stores all changes now, for example before streaming. After the response head was sent, only a by-id session can be
   * stored, under its present id.
   * @throws {SessionTooLateError} for any other change after the head.
   */
  save(): Promise<void>;
}
