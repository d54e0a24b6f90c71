import type { ExecutionContext } from '@nestjs/common';
import { assertNotUndefined, assertKnownOptions } from '../../errors/known-options.js';
import { ownerReader } from '../../config/owner-reader.js';
import { ownerOf } from '../../config/session-definition.js';
import { SessionConfigurationError } from '../../errors/session.errors.js';
import type { SessionClass } from '../../tracker/session-class.js';
import type { Awaitable } from '../../transformer/awaitable.js';

/** No session, or rejected by `validate`. */
export type SessionChallengeCause = 'NoCredentials' | 'InvalidCredentials';

/** `true` and objects admit the request; an object becomes the principal. Errors are thrown. */
export type SessionValidation = boolean | null | undefined | Error | (object & { readonly then?: never });

export interface RequireSessionOptions<S extends object = object> {
  /** Checks the session, such as its roles. Default: no check. */
  readonly validate?: (session: S, context: ExecutionContext) => Awaitable<SessionValidation>;
  /** Accepts an empty `@SessionOwner()` field. Default `false`. */
  readonly anonymous?: boolean;
  /** Returns the error or redirect target. Default: 401. */
  readonly challenge?: (
    cause: SessionChallengeCause,
    context: ExecutionContext,
  ) => Awaitable<Error | string | undefined | void>;
  /** A fixed path or URL. Default: 401. */
  readonly redirectTo?: string;
  /** `Cache-Control: no-store`, so that the back button shows no page after the logout. Default `false`. */
  readonly noStore?: boolean;
  /** Requires a recent authentication. */
  readonly fresh?: FreshnessOptions;
  /** Whether the guard renews the session when due. Default `true`. */
  readonly renew?: boolean;
  /** Admits requests without a session. Default `false`. */
  readonly optional?: boolean;
}

export interface FreshnessOptions {
  /** Since the login or `sessions.authenticated`. */
  readonly withinSeconds: number;
  /** Accepted methods of `sessions.authenticated`. Default: a login is enough. */
  readonly methods?: readonly string[];
  /**
   * Redirect target; the path of a GET is kept for `sessions.takeReturnPath`. Default: 401 with
   * `error: 'insufficient_user_authentication'` (RFC 9470).
   */
  readonly redirectTo?: string;
}

export interface RequireSessionEverywhereOptions<S extends object = object> extends RequireSessionOptions<S> {
  /** Rejects microservice messages, which have no session. Default `false`. */
  readonly rpc?: boolean;
}

export interface SessionRequirement {
  readonly type: SessionClass;
  readonly options: RequireSessionOptions;
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

export function requirementOf<S extends object>(
  label: string,
  type: SessionClass<S>,
  options: RequireSessionOptions<S>,
): SessionRequirement {
  if (typeof type !== 'function') {
    throw new SessionConfigurationError(
      `${label}: the first argument must be a session class, but it is ${String(type)}. A circular import makes a ` +
        'class undefined.',
    );
  }
  assertKnownOptions(label, options, OPTIONS);
  assertNotUndefined(label, options, ['validate', 'fresh']);
  if (options.fresh !== undefined) assertFreshness(label, options.fresh, type);
  return { type, options: options as unknown as RequireSessionOptions, label, ownerOf: ownerReader(type) };
}

function assertFreshness(label: string, fresh: FreshnessOptions, type: SessionClass): void {
  assertKnownOptions(`${label}: fresh`, fresh, FRESHNESS);
  if (!Number.isFinite(fresh.withinSeconds) || fresh.withinSeconds <= 0) {
    throw new SessionConfigurationError(`${label}: withinSeconds of fresh must be a positive number, such as 600.`);
  }
  if (fresh.methods !== undefined && (!Array.isArray(fresh.methods) || fresh.methods.length === 0)) {
    throw new SessionConfigurationError(
      `${label}: methods of fresh must be a list with at least one method, such as ['otp']. Omit it to accept any login.`,
    );
  }
  if (ownerOf(type) === undefined) {
    throw new SessionConfigurationError(
      `${label}: fresh needs an owner, and ${type.name} has none. Mark the field with the id of the user with ` +
        '@SessionOwner().',
    );
  }
}
