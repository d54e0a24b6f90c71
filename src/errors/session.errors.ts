import { errorKind } from './error-kind.js';

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** One per class. Messages may change, codes do not. */
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

/** For `switch ((error as AnySessionError).code)`, which narrows to the class. */
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
 * Base class of all errors of this package. Messages name the fix, and never an id, content or key.
 */
export class SessionError extends Error {
  readonly code: SessionErrorCode;
  /** Absent on programming errors (500). */
  declare readonly statusCode?: number;
  /** As in http-errors, for Nest 12, Express and Fastify. */
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

/** An invalid option, key, name or class. */
export class SessionConfigurationError extends SessionError {
  declare readonly code: 'SESSION_CONFIGURATION';

  constructor(message: string, options: { cause?: unknown } = {}) {
    super('SESSION_CONFIGURATION', message, options);
  }
}

/** The response headers were already sent (Ktor: `TooLateSessionSetException`). */
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

/** The session does not fit into its cookie or header. */
export class SessionTooLargeError extends SessionError {
  declare readonly code: 'SESSION_TOO_LARGE';
  /** Bytes of the header, with attributes. */
  readonly size: number;
  /** Bytes. */
  readonly limit: number;
  /** The largest ones, largest first. */
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
      `Session "${session}" has ${size} bytes; the limit is ${limit}.` +
        (largest ? ` Its largest fields: ${largest}.` : '') +
        " Store less in it, or store it on the server: @Session(name, { tracker: 'by-id' }).",
    );
    this.size = size;
    this.limit = limit;
    this.fields = fields;
  }
}

/** A value that cannot be serialized: a cycle, a function, a symbol. */
export class SessionUnserializableError extends SessionError {
  declare readonly code: 'SESSION_UNSERIALIZABLE';
  /** Such as `UserSession.items[2].callback`. */
  readonly path: string;

  constructor(path: string, problem: string, options: { cause?: unknown; advice?: string } = {}) {
    const { advice = 'Mark the field with @Exclude() or @Transform().', ...rest } = options;
    super('SESSION_UNSERIALIZABLE', `${path} cannot be stored in a session: ${problem}. ${advice}`, rest);
    this.path = path;
  }
}

/** Another request changed the same field (`onClash: 'reject'`), rotated or ended the session. Status 409. */
export class SessionConflictError extends SessionError {
  declare readonly code: 'SESSION_CONFLICT';

  /** @param what fields that both requests changed, or what happened. */
  constructor(session: string, what: readonly string[] | 'was given a new id' | 'was ended') {
    const happened =
      typeof what === 'string' ? `${what} by another request` : `was changed by another request (${what.join(', ')})`;
    super('SESSION_CONFLICT', `Session "${session}" ${happened}. Repeat the request.`, { statusCode: 409 });
  }
}

/**
 * The owner has `maxPerOwner` sessions, with `beyond: 'refuse'`. Nothing was stored. Status 409, because the login
 * succeeds once another session has ended (RFC 9110, 15.5.10).
 */
export class SessionLimitError extends SessionError {
  declare readonly code: 'SESSION_LIMIT';
  readonly limit: number;
  /** For `SessionsService.revoke`, least recently used first. Show them only to the owner. */
  readonly sessions: ReadonlyArray<{ readonly handle: string; readonly createdAt: Date; readonly renewedAt: Date }>;

  /** @param others with times in epoch milliseconds. */
  constructor(
    session: string,
    limit: number,
    others: ReadonlyArray<{ readonly handle: string; readonly createdAt: number; readonly renewedAt: number }> = [],
  ) {
    super(
      'SESSION_LIMIT',
      `The owner already has ${limit} sessions "${session}", the maximum. Sign out elsewhere first.`,
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
 * The storage failed or timed out. Status 503 with `Retry-After`. The message is for the visitor. Do not log `cause`,
 * whose message may quote keys and content.
 */
export class SessionStorageUnavailableError extends SessionError {
  declare readonly code: 'SESSION_STORAGE_UNAVAILABLE';
  /** For the operator: what happened and what to check. */
  readonly detail: string;
  /** `Retry-After`. */
  readonly retryAfterInSeconds: number;

  constructor(detail: string, options: { cause?: unknown; retryAfterInSeconds?: number } = {}) {
    super('SESSION_STORAGE_UNAVAILABLE', 'Not available at the moment. Try again later.', {
      cause: options.cause,
      statusCode: 503,
    });
    this.detail = detail;
    this.retryAfterInSeconds = options.retryAfterInSeconds ?? 1;
  }

  /** For `console.log` and Nest's logger, without the message of `cause`. */
  [INSPECT](): string {
    return `${this.stack} { code: '${this.code}', detail: ${JSON.stringify(this.detail)}, cause: '${errorKind(this.cause)}' }`;
  }
}

/** The session class or name is not registered. */
export class SessionNotRegisteredError extends SessionError {
  declare readonly code: 'SESSION_NOT_REGISTERED';

  constructor(message: string) {
    super('SESSION_NOT_REGISTERED', message);
  }
}

/** No request, or its application has no sessions (Ktor: `SessionNotYetConfiguredException`). */
export class SessionNoRequestError extends SessionError {
  declare readonly code: 'SESSION_NO_REQUEST';

  constructor(message: string) {
    super('SESSION_NO_REQUEST', message);
  }
}

/** The operation needs an id, but the session is by value. */
export class SessionWithoutIdError extends SessionError {
  declare readonly code: 'SESSION_WITHOUT_ID';

  constructor(message: string) {
    super('SESSION_WITHOUT_ID', message);
  }
}

/** Not an instance of the session class, or an invalid id or owner. */
export class SessionWrongValueError extends SessionError {
  declare readonly code: 'SESSION_WRONG_VALUE';

  constructor(message: string) {
    super('SESSION_WRONG_VALUE', message);
  }
}
