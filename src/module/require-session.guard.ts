import { HttpException, HttpStatus, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { SessionClass } from '../tracker/session-class.js';
import { declareSession } from './declared-handlers.js';
import type { HttpSessions } from './http-sessions.js';
import { recheckEvents } from './live-subscription.js';
import { isUnguardedMessage } from './message-handlers.js';
import { refusal, unauthorized } from './refusal.js';
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
   *
   * Messages of microservices have no session and are left alone.
   * @param options.rpc refuses those, too, but for handlers with `@Public()`.
   */
  static everywhere<S extends object>(
    type: SessionClass<S>,
    options: RequireSessionOptions<S> & { readonly rpc?: boolean } = {},
  ): CanActivate {
    const global: SessionRequirement = { type, options: options as RequireSessionOptions };
    const guard: CanActivate = {
      canActivate: (context) =>
        isUnguardedMessage(context, options) || meetAll(context, requirementsOf(context, [global])),
    };
    declareSession(guard, type);
    return guard;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    return meetAll(context, requirementsOf(context, []));
  }
}

async function meetAll(context: ExecutionContext, requirements: readonly SessionRequirement[]): Promise<boolean> {
  if (requirements.length > 0 && context.getType<string>() === 'rpc') throw unauthorized(context);
  try {
    for (const requirement of requirements) {
      const sessions = sessionsOfContext(context);
      await meet(requirement, context, sessions);
      recheckEvents(sessions, (anew) => meet(requirement, context, anew));
    }
  } catch (error) {
    throw refusal(context, error);
  }
  return true;
}

async function meet(requirement: SessionRequirement, context: ExecutionContext, sessions: HttpSessions): Promise<void> {
  const { type, options } = requirement;
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
  if (typeof answer !== 'string' || context.getType<string>() !== 'http') throw unauthorized(context);
  sessionsOfContext(context).call.setHeader('Location', answer);
  throw new HttpException({ statusCode: HttpStatus.FOUND, message: 'Found' }, HttpStatus.FOUND);
}
