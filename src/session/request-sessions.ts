import type { OwnLifetime } from '../tracker/session-lifetime.js';
import type { SessionInfo } from './session-info.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { SessionOwnerId } from '../tracker/session-owner.js';

/** What else `login` puts into the session: fields, or a function that is given the session. */
export type SessionInit<S extends object> = Partial<S> | ((session: S) => void | Promise<void>);

/** How a session is read. */
export interface GetOptions {
  /**
   * Whether reading counts as use, which renews the session when that is due. Default `true`. `false` for a page that
   * shows when the session ends: asking does not extend it (WCAG 2.2, 2.2.1).
   */
  readonly renew?: boolean;
}

/** How an owner has been authenticated anew. */
export interface AuthenticatedOptions {
  /** What was used, such as `otp` or `password`: kept with its time, for `@RequireFresh`. */
  readonly method?: string;
}

/** Why somebody acts for another, and for how long. */
export interface ActAsOptions {
  /** For how long at most. Then the session is the actor's again. Default 3600. */
  readonly maxSeconds?: number;
  /** Why, such as the number of a ticket: kept with the session. At most 512 characters. */
  readonly reason: string;
}

/** What a client is told to forget with its session. */
export interface ClearOptions {
  /**
   * Sent as `Clear-Site-Data`, for browsers on encrypted connections: what this site has left there (W3C Clear Site Data;
   * OWASP Session Management Cheat Sheet). Default: nothing.
   */
  readonly siteData?: ReadonlyArray<'cache' | 'cookies' | 'storage' | 'executionContexts' | '*'>;
}

/** The sessions of one request (Ktor: `call.sessions`, interface `CurrentSession`). */
export interface RequestSessions {
  /**
   * The session, or `undefined`. Loaded at the first call; the same instance every time. Changing the instance is
   * noticed, stored and sent before the response leaves.
   * @throws {SessionStorageUnavailableError} when the storage fails.
   */
  get<S extends object>(type: SessionClass<S>, options?: GetOptions): Promise<S | undefined>;
  /** The same by the session's name (Ktor: `get(name)`). @throws {SessionError} when no session is called so. */
  get(name: string, options?: GetOptions): Promise<object | undefined>;

  /**
   * What there is to know of the stored session besides its content: its times, its owner, its handle. Asking does not
   * renew it. `undefined` where there is none, and for a new one that has not been stored yet.
   * @throws {SessionConfigurationError} for a session in the format of Ktor, which has no times.
   */
  info(type: SessionClass): Promise<SessionInfo | undefined>;

  /**
   * Gives the session a lifetime of its own when it is stored, until its owner changes: "remember me", or a shorter one
   * for a shared computer. Call it after {@link login}.
   * @throws {SessionError} where there is no session, and for a lifetime longer than its class allows.
   */
  lifetime(type: SessionClass, lifetime: OwnLifetime): Promise<void>;

  /**
   * Notes that the owner has proved again who they are ("confirm it's you"): sets the time of authentication and gives
   * the session a new id when it is stored (ASVS 5.0 7.2.4). `@RequireFresh` asks for it.
   * @throws {SessionError} where nobody is signed in.
   */
  authenticated(type: SessionClass, options?: AuthenticatedOptions): Promise<void>;

  /**
   * The path of the page that `@RequireFresh` with `redirectTo` refused, for the redirect that brings the visitor back;
   * a path of this application. It is given once. `undefined`: there is none.
   */
  takeReturnPath(type: SessionClass): Promise<string | undefined>;

  /** The session, or the value of `generator`, which becomes the session. */
  getOrSet<S extends object>(type: SessionClass<S>, generator: () => S): Promise<S>;
  /** The same by the session's name. */
  getOrSet<S extends object>(name: string, generator: () => S): Promise<S>;

  /**
   * Makes `value` the session of its class, in place of the present one. A by-id session gets a new id when `value` is
   * another instance than the present one.
   * @param options.keepId keeps the id, unless the owner changes. Default `false`.
   * @throws {SessionTooLateError} once the head of the response has left.
   * @throws {SessionError} when its class is not registered.
   */
  set<S extends object>(value: S, options?: { readonly keepId?: boolean }): void;
  /** The same by the session's name (Ktor: `set(name, value)`). @throws {SessionError} when `value` is not of its class. */
  set(name: string, value: object, options?: { readonly keepId?: boolean }): void;

  /**
   * Signs somebody in: makes it the owner's session, with a new id and a new absolute timeout. What a visitor had in the
   * session is kept. Where somebody else was signed in, that session is ended and a fresh instance taken; use the one
   * that this gives.
   * @param owner what the `@SessionOwner()` field is given. Of an object such as an ObjectId, its text.
   * @param init further fields, or a function that sets them. Where it throws, nobody is signed in.
   * @throws {SessionError} for an empty owner, or one that cannot be one.
   * @throws {SessionConfigurationError} when the class has no `@SessionOwner()`.
   */
  login<S extends object>(type: SessionClass<S>, owner: SessionOwnerId, init?: SessionInit<S>): Promise<S>;

  /**
   * Lets who is signed in act for another owner, as support and administrators do: gives a fresh session of that owner
   * with a new id. `info(Type).actor` tells who acts. The times of the actor's session go on, the time of authentication
   * among them; it counts among the actor's sessions, and ends with them. `login` and `logout` end both.
   *
   * Whether the actor may do so is for the application to check before.
   * @param owner as for {@link login}.
   * @returns the session of the owner, to be filled.
   * @throws {SessionError} where nobody is signed in, for the owner who is, and where somebody acts already (409).
   */
  actAs<S extends object>(type: SessionClass<S>, owner: SessionOwnerId, options: ActAsOptions): Promise<S>;

  /**
   * Ends {@link actAs}: the session is the actor's again, with its content, times and owner, and with a new id.
   * @returns whether somebody acted. `false` too where the time was over.
   */
  stopActing(type: SessionClass): Promise<boolean>;

  /** Signs out: {@link clear} of this request's session. */
  logout(type: SessionClass, options?: ClearOptions): void;

  /**
   * Ends a session of this class by its id, at once. The id of this request's own session ends that: it is gone from
   * the request, and the client is told to forget it.
   */
  clear(type: SessionClass | string, id: string): Promise<void>;
  /** Ends the session: on the server, and the client is told to forget it. */
  clear(type: SessionClass | string, options?: ClearOptions): void;

  /** The id of a by-id session; `undefined` if there is none yet. A new session gets its id when it is stored. */
  id(type: SessionClass): Promise<string | undefined>;
  /**
   * The id of the one by-id session that the application has; `undefined` where it has none (Ktor: `call.sessionId`).
   * @throws {SessionError} where it has several.
   */
  id(): Promise<string | undefined>;
  /**
   * The id of a by-id session without waiting, for libraries that ask for it synchronously, as CSRF tokens and log
   * formatters do. A new session that the request holds has the id that it will be stored under, if it is stored.
   * @returns `undefined` where the session has not been loaded in this request, and where there is none. A login or
   *   `regenerate` changes the id when it is stored.
   */
  idNow(type: SessionClass): string | undefined;

  /** The name of a session class (Ktor: `findName`). @throws {SessionError} when it is not registered. */
  findName(type: SessionClass): string;

  /** The class of a session, by its name. @throws {SessionError} when it is not registered. */
  findType(name: string): SessionClass;

  /**
   * Gives the session a new id with the same content when it is stored: call it whenever rights change (OWASP
   * Session Management Cheat Sheet, "Renew the Session ID After Any Privilege Level Change"). A change of the
   * `@SessionOwner()` field does so by itself.
   */
  regenerate(type: SessionClass): Promise<void>;

  /**
   * Applies `change` to the session, and again to its present content whenever another request was faster, until it
   * lands in the storage: for counters, stock, one-time tokens. By value there is nothing to race with on the server;
   * the change is sent with the response.
   * @param change synchronous; may be called several times.
   * @returns the session as it was stored.
   */
  update<S extends object>(type: SessionClass<S>, change: (present: S) => void): Promise<S>;

  /**
   * Stores every change now: before streaming, or to keep it whatever becomes of the response. After the head has
   * left, a by-id session can still be stored under its id; anything else is too late.
   * @throws {SessionTooLateError}
   */
  save(): Promise<void>;
}
