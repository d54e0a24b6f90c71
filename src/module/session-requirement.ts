import type { ExecutionContext } from '@nestjs/common';
import { refuseUndefined, refuseUnknownOptions } from '../errors/known-options.js';
import { readOwner } from '../config/read-owner.js';
import { ownerOf } from '../config/session-definition.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { Awaitable } from '../transformer/awaitable.js';

/** Why a request was refused: it has no session, or `validate` did not accept the one it has. */
export type SessionChallengeCause = 'NoCredentials' | 'InvalidCredentials';

/**
 * What `validate` may give. `true` and an object let the request in, the object as its principal. `false`, `null`,
 * `undefined` and an error refuse it; the error is thrown. A text or a number is no answer, and refuses.
 */
export type SessionValidation = boolean | null | undefined | Error | (object & { readonly then?: never });

/** What `@RequireSession` asks of a request. */
export interface RequireSessionOptions<S extends object = object> {
  /**
   * Whether the session will do, such as whether its user is an administrator. Only `true` and objects let the request
   * in. An object is the principal that `@Principal()` hands to the handler; for `true` it is the session. An error
   * is thrown. Anything else refuses. Default: any session will.
   */
  readonly validate?: (session: S, context: ExecutionContext) => Awaitable<SessionValidation>;
  /**
   * Lets sessions without an owner in. Default `false`: where the class has a `@SessionOwner()` field, a session whose
   * field is empty counts as no session.
   */
  readonly anonymous?: boolean;
  /**
   * Answers a refused request: an error to throw, or the text of a place to redirect to, with 302. The request is
   * refused in any case: without an answer with 401.
   */
  readonly challenge?: (
    cause: SessionChallengeCause,
    context: ExecutionContext,
  ) => Awaitable<Error | string | undefined | void>;
  /** Where a refused request is sent, with 302; a path or URL of yours, never one from the request. Default: 401. */
  readonly redirectTo?: string;
  /**
   * Sends `Cache-Control: no-store` with every answer, so that neither a shared cache nor the back button of the browser
   * shows the page after the logout. Default `false`.
   */
  readonly noStore?: boolean;
  /** Whether the owner must have been authenticated not long ago; see `@RequireFresh`. Default: no. */
  readonly fresh?: FreshnessOptions;
  /**
   * Whether the guard counts as use of the session, which renews it when that is due. Default `true`. `false` for a page
   * that only shows when the session ends.
   */
  readonly renew?: boolean;
  /** Lets a request without a session through, without a principal. One that `validate` refuses stays refused. */
  readonly optional?: boolean;
}

/** How long ago the owner of a session may have been authenticated. */
export interface FreshnessOptions {
  /** Seconds since the login, or since `sessions.authenticated`. */
  readonly withinSeconds: number;
  /** One of these methods must have been named to `sessions.authenticated` in that time. Default: the login will do. */
  readonly methods?: readonly string[];
  /**
   * Where a request that is not fresh is sent, with 302; a path or URL of yours. The path of a refused GET is kept, and
   * `sessions.takeReturnPath` gives it once. Default: 401 with `error: 'insufficient_user_authentication'` (RFC 9470).
   */
  readonly redirectTo?: string;
}

/** What `RequireSessionGuard.everywhere` asks of a request. */
export interface RequireSessionEverywhereOptions<S extends object = object> extends RequireSessionOptions<S> {
  /**
   * Whether message handlers of microservices are refused too: a message has no session. Default `false`, which lets
   * every message in.
   */
  readonly rpc?: boolean;
}

/** One requirement: of a `@RequireSession`, or of `RequireSessionGuard.everywhere`. */
export interface SessionRequirement {
  readonly type: SessionClass;
  readonly options: RequireSessionOptions;
  /** How it is called in messages. */
  readonly label: string;
  readonly ownerOf: (value: object) => string | undefined;
}

const OPTIONS: ReadonlyArray<keyof RequireSessionEverywhereOptions> = [
  'validate',
  'anonymous',
  'challenge',
  'redirectTo',
  'optional',
  'rpc',
  'noStore',
  'fresh',
  'renew',
];

const FRESHNESS: ReadonlyArray<keyof FreshnessOptions> = ['withinSeconds', 'methods', 'redirectTo'];

/**
 * @param label how it is called in messages.
 * @throws {SessionConfigurationError} for a class that is not there, and for options that do not exist.
 */
export function requirementOf<S extends object>(
  label: string,
  type: SessionClass<S>,
  options: RequireSessionOptions<S>,
): SessionRequirement {
  if (typeof type !== 'function') {
    throw new SessionConfigurationError(
      `${label}: the first argument is a session class, and it is ${String(type)}. A circular import makes a class ` +
        'undefined.',
    );
  }
  refuseUnknownOptions(label, options, OPTIONS);
  refuseUndefined(label, options, ['validate', 'fresh']);
  if (options.fresh !== undefined) assertFreshness(label, options.fresh, type);
  return { type, options: options as unknown as RequireSessionOptions, label, ownerOf: readOwner(type) };
}

function assertFreshness(label: string, fresh: FreshnessOptions, type: SessionClass): void {
  refuseUnknownOptions(`${label}: fresh`, fresh, FRESHNESS);
  if (!Number.isFinite(fresh.withinSeconds) || fresh.withinSeconds <= 0) {
    throw new SessionConfigurationError(`${label}: fresh needs withinSeconds, a number of seconds, such as 600.`);
  }
  if (fresh.methods !== undefined && (!Array.isArray(fresh.methods) || fresh.methods.length === 0)) {
    throw new SessionConfigurationError(
      `${label}: methods of fresh must name a method, as in ['otp'], or be left out.`,
    );
  }
  if (ownerOf(type) === undefined) {
    throw new SessionConfigurationError(
      `${label}: fresh asks when the owner was authenticated, and ${type.name} has no owner. Mark the field that holds ` +
        'the id of the user with @SessionOwner().',
    );
  }
}
