import type { ExecutionContext } from '@nestjs/common';
import { refuseUndefined, refuseUnknownOptions } from '../errors/known-options.js';
import { readOwner } from '../config/read-owner.js';
import { ownerOf } from '../config/session-definition.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { Awaitable } from '../transformer/awaitable.js';

/** No session, or rejected by `validate`. */
export type SessionChallengeCause = 'NoCredentials' | 'InvalidCredentials';

/**
 * Results of `validate`. `true` and objects admit the request; an object becomes the principal. `false`, `null` and
 * `undefined` reject it; an error is thrown. Strings and numbers are invalid and also reject it.
 */
export type SessionValidation = boolean | null | undefined | Error | (object & { readonly then?: never });

export interface RequireSessionOptions<S extends object = object> {
  /**
   * Checks the session, for example its roles; see {@link SessionValidation}. `@Principal()` injects the returned
   * object, or the session for `true`. Default: no check.
   */
  readonly validate?: (session: S, context: ExecutionContext) => Awaitable<SessionValidation>;
  /** Accepts an empty `@SessionOwner()` field. Default `false`. */
  readonly anonymous?: boolean;
  /** Handles a rejected request: returns an error to throw, or a redirect target (302). Default: 401. */
  readonly challenge?: (
    cause: SessionChallengeCause,
    context: ExecutionContext,
  ) => Awaitable<Error | string | undefined | void>;
  /** Redirect target of rejected requests (302): a fixed path or URL, never one from the request. Default: 401. */
  readonly redirectTo?: string;
  /**
   * Sends `Cache-Control: no-store`, so that caches and the back button do not show the page after logout. Default
   * `false`.
   */
  readonly noStore?: boolean;
  /** Requires a recent authentication; see `@RequireFresh`. */
  readonly fresh?: FreshnessOptions;
  /** Whether the guard renews the session when due. Default `true`. `false` for a page that only shows the expiry. */
  readonly renew?: boolean;
  /** Admits requests without a session. A session that `validate` rejects stays rejected. Default `false`. */
  readonly optional?: boolean;
}

export interface FreshnessOptions {
  /** Maximum age in seconds, since the login or `sessions.authenticated`. */
  readonly withinSeconds: number;
  /** Accepted methods, as passed to `sessions.authenticated`. Default: a login is enough. */
  readonly methods?: readonly string[];
  /**
   * Redirect target (302): a fixed path or URL. The path of a rejected GET is kept for `sessions.takeReturnPath`.
   * Default: 401 with `error: 'insufficient_user_authentication'` (RFC 9470).
   */
  readonly redirectTo?: string;
}

export interface RequireSessionEverywhereOptions<S extends object = object> extends RequireSessionOptions<S> {
  /** Whether to reject microservice messages, which have no session. Default `false`. */
  readonly rpc?: boolean;
}

export interface SessionRequirement {
  readonly type: SessionClass;
  readonly options: RequireSessionOptions;
  /** For messages. */
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
 * @param label for messages.
 * @throws {SessionConfigurationError} for a missing class or invalid options.
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
