import {
  HttpException,
  HttpStatus,
  Injectable,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { SessionClass } from '../tracker/session-class.js';
import type { HttpSessions } from './http-sessions.js';
import { sessionsOfContext } from './request-of.js';
import {
  requirementsOf,
  type RequireSessionOptions,
  type SessionChallengeCause,
  type SessionRequirement,
} from './session-requirement.js';

const PRINCIPALS = Symbol.for('nestjs-sessions:principals');

interface Authenticated {
  [PRINCIPALS]?: Map<SessionRequirement, unknown>;
}

/** The principals of a request: what each requirement that it met made of its session. */
export function principalsOf(sessions: HttpSessions): Map<SessionRequirement, unknown> {
  return ((sessions as Authenticated)[PRINCIPALS] ??= new Map());
}

/** Lets a request through if it has the sessions that its controller and handler require (Ktor: session authentication). */
@Injectable()
export class RequireSessionGuard implements CanActivate {
  /**
   * A guard that requires a session everywhere but where `@Public()` says otherwise:
   *
   * ```ts
   * { provide: APP_GUARD, useValue: RequireSessionGuard.everywhere(UserSession, { redirectTo: '/login' }) }
   * ```
   */
  static everywhere<S extends object>(type: SessionClass<S>, options: RequireSessionOptions<S> = {}): CanActivate {
    const global: SessionRequirement = { type, options: options as RequireSessionOptions };
    return { canActivate: (context) => meetAll(context, requirementsOf(context, [global])) };
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    return meetAll(context, requirementsOf(context, []));
  }
}

async function meetAll(context: ExecutionContext, requirements: readonly SessionRequirement[]): Promise<boolean> {
  for (const requirement of requirements) await meet(requirement, context);
  return true;
}

async function meet(requirement: SessionRequirement, context: ExecutionContext): Promise<void> {
  const { type, options } = requirement;
  const sessions = sessionsOfContext(context);
  if (options.noStore) sessions.call.setHeader('Cache-Control', 'no-store');
  const principals = principalsOf(sessions);
  // The guard stands on the controller and on the handler, and asks once.
  if (principals.has(requirement)) return;
  const session = await sessions.sessions.get(type);
  if (session === undefined) {
    if (!options.optional) await refuse(options, 'NoCredentials', context);
    return;
  }
  const principal = options.validate ? await options.validate(session, context) : session;
  if (principal === false || principal === null || principal === undefined) {
    await refuse(options, 'InvalidCredentials', context);
  }
  principals.set(requirement, principal === true ? session : principal);
}

async function refuse(
  options: RequireSessionOptions,
  cause: SessionChallengeCause,
  context: ExecutionContext,
): Promise<never> {
  const answer = (await options.challenge?.(cause, context)) ?? options.redirectTo;
  if (answer instanceof Error) throw answer;
  if (typeof answer !== 'string' || context.getType<string>() !== 'http') throw new UnauthorizedException();
  sessionsOfContext(context).call.setHeader('Location', answer);
  throw new HttpException({ statusCode: HttpStatus.FOUND, message: 'Found' }, HttpStatus.FOUND);
}
