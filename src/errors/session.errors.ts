import { errorKind } from './error-kind.js';

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** Every code a {@link SessionError} can carry, one per class. Messages may change, codes do not. */
export type SessionErrorCode =
  | 'SESSION_CONFIGURATION'
  | 'SESSION_CONFLICT'
  | 'SESSION_LIMIT'
  | 'SESSION_NOT_REGISTERED'
  | 'SESSION_NO_REQUEST'
  | 'SESSION_STORAGE_UNAVAILABLE'
  | 'SESSION_TOO_LARGE'
  | 'SESSION_TOO_LATE'
  | 'SESSION_UNSERIALIZABLE'
  | 'SESSION_WITHOUT_ID'
  | 'SESSION_WRONG_VALUE';

/**
 * The errors of this package. `switch (error.code)` narrows one to its class.
 *
 * @example
 * ```ts
 * if (error instanceof SessionError) {
 *   const known = error as AnySessionError;
 *   if (known.code === 'SESSION_TOO_LARGE') console.warn(known.fields);
 * }
 * ```
 */
export type AnySessionError =
  | SessionConfigurationError
  | SessionConflictError
  | SessionLimitError
  | SessionNotRegisteredError
  | SessionNoRequestError
  | SessionStorageUnavailableError
  | SessionTooLargeError
  | SessionTooLateError
  | SessionUnserializableError
  | SessionWithoutIdError
  | SessionWrongValueError;

/**
 * The base of every error this library throws. Its message ends with what to do and never holds a session's id,
 * content or key. `cause` is the error behind it, if there is one.
 */
export class SessionError extends Error {
  readonly code: SessionErrorCode;
  /** HTTP status that Nest's own exception filter answers with; absent on programming errors, which end as 500. */
  declare readonly statusCode?: number;
  /** The same, and `true`: what Nest 12, Express and Fastify read, after the package http-errors. */
  declare readonly status?: number;
  declare readonly expose?: boolean;

  constructor(code: SessionErrorCode, message: string, options: { cause?: unknown; statusCode?: number } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.code = code;
    const { statusCode } = options;
    if (statusCode !== undefined) Object.assign(this, { statusCode, status: statusCode, expose: true });
  }
}

/** An option, key, name or class that cannot work. Thrown while the application starts. */
export class SessionConfigurationError extends SessionError {
  declare readonly code: 'SESSION_CONFIGURATION';

  constructor(message: string, options: { cause?: unknown } = {}) {
    super('SESSION_CONFIGURATION', message, options);
  }
}

/** The session cannot be changed any more: the head of the response has left (Ktor: `TooLateSessionSetException`). */
export class SessionTooLateError extends SessionError {
  declare readonly code: 'SESSION_TOO_LATE';

  constructor() {
    super(
      'SESSION_TOO_LATE',
      "It's too late to set session: response most likely already has been sent. " +
        'Change the session before the first byte of the response, or `await sessions.save()` before streaming.',
    );
  }
}

/** A session that does not fit into its cookie or header. Sizes are in bytes; contents are never shown. */
export class SessionTooLargeError extends SessionError {
  declare readonly code: 'SESSION_TOO_LARGE';
  /** Bytes of the whole header value, attributes included. */
  readonly size: number;
  /** Bytes allowed. */
  readonly limit: number;
  /** Serialized size of the largest top-level fields, largest first. */
  readonly fields: ReadonlyArray<{ readonly name: string; readonly size: number }>;

  constructor(
    session: string,
    size: number,
    limit: number,
    fields: ReadonlyArray<{ readonly name: string; readonly size: number }>,
  ) {
    const largest = fields.map((field) => `${field.name} (${field.size} bytes)`).join(', ');
    super(
      'SESSION_TOO_LARGE',
      `Session "${session}" takes ${size} bytes and ${limit} are allowed.` +
        (largest ? ` Its largest fields: ${largest}.` : '') +
        " Keep less in it, or keep it on the server: @Session(name, { tracker: 'by-id' }).",
    );
    this.size = size;
    this.limit = limit;
    this.fields = fields;
  }
}

/** A value that cannot be written as text: a cycle, a function, a symbol. Names the path of the field. */
export class SessionUnserializableError extends SessionError {
  declare readonly code: 'SESSION_UNSERIALIZABLE';
  /** Where the value stands, as `UserSession.items[2].callback`. */
  readonly path: string;

  /** @param options.advice what to do about it, where the default does not fit. */
  constructor(path: string, problem: string, options: { cause?: unknown; advice?: string } = {}) {
    const { advice = 'Mark the field with @Exclude(), or give it a @Transform().', ...rest } = options;
    super('SESSION_UNSERIALIZABLE', `${path} cannot be stored in a session: ${problem}. ${advice}`, rest);
    this.path = path;
  }
}

/**
 * A change that was not stored because of another request: both changed the same field and `onClash: 'reject'` was
 * chosen, or the other one gave the session a new id or ended it. Answered with 409.
 */
export class SessionConflictError extends SessionError {
  declare readonly code: 'SESSION_CONFLICT';

  /** @param what the fields that both requests changed, or what else happened to the session. */
  constructor(session: string, what: readonly string[] | 'was given a new id' | 'was ended') {
    const happened =
      typeof what === 'string'
        ? `${what} by another request meanwhile`
        : `was changed by another request meanwhile (${what.join(', ')})`;
    super('SESSION_CONFLICT', `Session "${session}" ${happened}. Repeat the request.`, { statusCode: 409 });
  }
}

/**
 * An owner has as many sessions as `maxPerOwner` allows, and `beyond: 'refuse'` was chosen. Answered with 409, not with
 * 403: the login itself was right, and comes through once another session has ended (RFC 9110, 15.5.10). Nothing was
 * stored or sent; the visitor's session is what it was before the request. The answer of Nest's filter does not show
 * {@link sessions}: only the application knows whether the user is through with authentication, and may see them.
 */
export class SessionLimitError extends SessionError {
  declare readonly code: 'SESSION_LIMIT';
  /** How many sessions an owner may have. */
  readonly limit: number;
  /**
   * The owner's other sessions, the one that was not used for the longest time first, so that the user can choose which
   * to end by `SessionsService.revoke`. Handles are public names; show them to nobody but the owner.
   */
  readonly sessions: ReadonlyArray<{ readonly handle: string; readonly createdAt: Date; readonly renewedAt: Date }>;

  /** @param others times are epoch milliseconds. */
  constructor(
    session: string,
    limit: number,
    others: ReadonlyArray<{ readonly handle: string; readonly createdAt: number; readonly renewedAt: number }> = [],
  ) {
    super(
      'SESSION_LIMIT',
      `There are ${limit} sessions "${session}" of this owner already, and no more are allowed. Sign out elsewhere first.`,
      { statusCode: 409 },
    );
    this.limit = limit;
    this.sessions = others
      .map(({ handle, createdAt, renewedAt }) => ({
        handle,
        createdAt: new Date(createdAt),
        renewedAt: new Date(renewedAt),
      }))
      .sort((one, other) => one.renewedAt.getTime() - other.renewedAt.getTime());
  }
}

/**
 * The storage failed or did not answer in time. Answered with 503 and `Retry-After`. The message is for the visitor, since
 * frameworks send it to him; {@link detail} is for the operator, and in the log. `cause` is the client's own error, whose
 * message may quote keys and contents: it is for code to look at, not for a log.
 */
export class SessionStorageUnavailableError extends SessionError {
  declare readonly code: 'SESSION_STORAGE_UNAVAILABLE';
  /** What happened and what to look at. Never a session's id or content. */
  readonly detail: string;
  /** Seconds after which the client may try again. */
  readonly retryAfterInSeconds: number;

  constructor(detail: string, options: { cause?: unknown; retryAfterInSeconds?: number } = {}) {
    super('SESSION_STORAGE_UNAVAILABLE', 'Not available at the moment. Try again later.', {
      cause: options.cause,
      statusCode: 503,
    });
    this.detail = detail;
    this.retryAfterInSeconds = options.retryAfterInSeconds ?? 1;
  }

  /** What `console.log` and Nest's logger show: of `cause` only what it is, since a client's message may quote a session. */
  [INSPECT](): string {
    return `${this.stack} { code: '${this.code}', detail: ${JSON.stringify(this.detail)}, cause: '${errorKind(this.cause)}' }`;
  }
}

/** A session class or name that the application has not registered. */
export class SessionNotRegisteredError extends SessionError {
  declare readonly code: 'SESSION_NOT_REGISTERED';

  constructor(message: string) {
    super('SESSION_NOT_REGISTERED', message);
  }
}

/** There is no request, or the request belongs to no application with sessions (Ktor: `SessionNotYetConfiguredException`). */
export class SessionNoRequestError extends SessionError {
  declare readonly code: 'SESSION_NO_REQUEST';

  constructor(message: string) {
    super('SESSION_NO_REQUEST', message);
  }
}

/** An id is needed, and the session is kept by value. */
export class SessionWithoutIdError extends SessionError {
  declare readonly code: 'SESSION_WITHOUT_ID';

  constructor(message: string) {
    super('SESSION_WITHOUT_ID', message);
  }
}

/** A value that is no instance of the session class, or an id or owner of the wrong form. */
export class SessionWrongValueError extends SessionError {
  declare readonly code: 'SESSION_WRONG_VALUE';

  constructor(message: string) {
    super('SESSION_WRONG_VALUE', message);
  }
}
