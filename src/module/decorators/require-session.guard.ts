import { HttpException, HttpStatus, Injectable, Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ownerOf as ownerFieldOf } from '../../config/session-definition.js';
import type { SessionClass } from '../../tracker/session-class.js';
import { CallRequirementsFinder } from '../handlers/call-requirements.js';
import type { HttpSessions } from '../request/http-sessions.js';
import { notFresh, refusal, unauthorized } from '../request/refusal.js';
import { sessionsOfContext } from '../request/sessions-of-context.js';
import {
  requirementOf,
  type FreshnessOptions,
  type RequireSessionEverywhereOptions,
  type SessionChallengeCause,
  type SessionRequirement,
} from '../handlers/session-requirement.js';

const MAX_RETURN_PATH_LENGTH = 1024;
const EVERYWHERE = Symbol.for('nestjs-sessions:everywhere');

export function requirementOfGuard(guard: unknown): SessionRequirement | undefined {
  return typeof guard === 'object' && guard !== null && EVERYWHERE in guard
    ? (guard as Pick<EverywhereGuard, typeof EVERYWHERE>)[EVERYWHERE]
    : undefined;
}

/** The guard of `@RequireSession`. Rejects without a requirement. */
@Injectable()
export class RequireSessionGuard implements CanActivate {
  readonly #finder = new CallRequirementsFinder();

  /**
   * Requires a session everywhere, except with `@Public()`:
   *
   * ```ts
   * { provide: APP_GUARD, useValue: RequireSessionGuard.everywhere(UserSession, { redirectTo: '/login' }) }
   * ```
   *
   * With `{ rpc: true }`, it also rejects microservice messages.
   */
  static everywhere<S extends object>(
    type: SessionClass<S>,
    options: RequireSessionEverywhereOptions<S> = {},
  ): CanActivate {
    const label = `RequireSessionGuard.everywhere(${(type as { name?: string } | undefined)?.name ?? ''})`;
    return new EverywhereGuard(requirementOf(label, type, options), options.rpc ?? false);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const found = this.#finder.of(context);
    if (found === 'unknown') throw unguardedError(context);
    const { requirements, isOpen } = found;
    if (requirements.length === 0 && !isOpen) throw unguardedError(context);
    return checkRequirements(context, requirements);
  }
}

class EverywhereGuard implements CanActivate {
  readonly [EVERYWHERE]: SessionRequirement;
  readonly #finder: CallRequirementsFinder;
  readonly #guardsMessages: boolean;

  constructor(requirement: SessionRequirement, guardsMessages: boolean) {
    this[EVERYWHERE] = requirement;
    this.#finder = new CallRequirementsFinder([requirement]);
    this.#guardsMessages = guardsMessages;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType<string>() === 'rpc' && !this.#guardsMessages) return true;
    const found = this.#finder.of(context);
    return checkRequirements(context, found === 'unknown' ? [this[EVERYWHERE]] : found.requirements);
  }
}

async function checkRequirements(
  context: ExecutionContext,
  requirements: readonly SessionRequirement[],
): Promise<boolean> {
  if (requirements.length > 0 && context.getType<string>() === 'rpc') throw unauthorized(context);
  try {
    for (const requirement of requirements) {
      const sessions = sessionsOfContext(context);
      await checkRequirement(requirement, context, sessions);
      sessions.rechecks.push((anew) => checkRequirement(requirement, context, anew));
    }
  } catch (error) {
    throw refusal(context, error);
  }
  return true;
}

async function checkRequirement(
  requirement: SessionRequirement,
  context: ExecutionContext,
  sessions: HttpSessions,
): Promise<void> {
  const { type, options } = requirement;
  if (options.noStore) sessions.call.setHeader('Cache-Control', 'no-store');
  const { principals } = sessions;
  // Bound to controller and handler, the guard runs twice.
  if (principals.has(requirement)) return;
  const session = await sessions.exchange.get(type, { renew: options.renew ?? true });
  if (session === undefined || (!options.anonymous && isAnonymous(requirement, session))) {
    if (!options.optional) await challenge(requirement, 'NoCredentials', context);
    return;
  }
  if (options.fresh) await checkFreshness(options.fresh, type, context, sessions);
  const principal: unknown = options.validate ? await options.validate(session, context) : true;
  if (principal instanceof Error) throw principal;
  if (principal === true) return void principals.set(requirement, session);
  if (typeof principal === 'object' && principal !== null) return void principals.set(requirement, principal);
  if (principal !== false && principal !== null && principal !== undefined) {
    sessions.warnOnce(
      `${requirement.label}: validate returned a ${typeof principal}, which rejects the request. Return true, false or ` +
        'an object, such as session.roles.includes("admin") or session.userId !== undefined.',
    );
  }
  await challenge(requirement, 'InvalidCredentials', context);
}

async function checkFreshness(
  fresh: FreshnessOptions,
  type: SessionClass,
  context: ExecutionContext,
  { exchange, call }: HttpSessions,
): Promise<void> {
  const since = await exchange.sinceAuthentication(type, fresh.methods);
  if (since !== undefined && since <= fresh.withinSeconds * 1000) return;
  if (fresh.redirectTo === undefined || context.getType<string>() !== 'http') throw notFresh(context, fresh);
  const path = returnPathOf(context);
  if (path !== undefined) await exchange.keepReturnPath(type, path);
  call.setHeader('Location', fresh.redirectTo);
  throw new HttpException({ statusCode: HttpStatus.FOUND, message: 'Found' }, HttpStatus.FOUND);
}

/** Never a URL of another origin. */
function returnPathOf(context: ExecutionContext): string | undefined {
  const { method, originalUrl, url } = context
    .switchToHttp()
    .getRequest<{ readonly method?: string; readonly originalUrl?: string; readonly url?: string }>();
  const path = originalUrl ?? url;
  const isPath = path !== undefined && /^\/(?![/\\])/.test(path) && path.length <= MAX_RETURN_PATH_LENGTH;
  return method === 'GET' && isPath ? path : undefined;
}

export function isAnonymous({ type, ownerOf }: Pick<SessionRequirement, 'type' | 'ownerOf'>, session: object): boolean {
  return ownerFieldOf(type) !== undefined && ownerOf(session) === undefined;
}

function unguardedError(context: ExecutionContext): Error {
  const place = `${context.getClass().name}.${context.getHandler().name}`;
  new Logger('SessionsModule').error(
    `RequireSessionGuard is bound to ${place}, finds no @RequireSession() there and rejects the request. Put ` +
      '@RequireSession() on the class, or directly below the decorator of the route.',
  );
  return unauthorized(context);
}

async function challenge(
  { options }: SessionRequirement,
  cause: SessionChallengeCause,
  context: ExecutionContext,
): Promise<never> {
  const answer = (await options.challenge?.(cause, context)) ?? options.redirectTo;
  if (answer instanceof Error) throw answer;
  if (typeof answer !== 'string' || context.getType<string>() !== 'http') throw unauthorized(context);
  sessionsOfContext(context).call.setHeader('Location', answer);
  throw new HttpException({ statusCode: HttpStatus.FOUND, message: 'Found' }, HttpStatus.FOUND);
}
