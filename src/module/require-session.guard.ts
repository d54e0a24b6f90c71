import {
  HttpException,
  HttpStatus,
  Injectable,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { SessionClass } from '../tracker/session-class.js';
import type { Awaitable } from '../transformer/session-transport-transformer.js';
import { sessionsOfContext } from './request-of.js';

/** What `@RequireSession` asks of a request. */
export interface RequireSessionOptions<S extends object = object> {
  /**
   * Whether the session will do, such as whether somebody is signed in. `false`, `null` and `undefined` refuse.
   * Default: any session will.
   */
  readonly validate?: (session: S, context: ExecutionContext) => Awaitable<unknown>;
  /** Where a refused request is sent, with 302; a path or URL of yours, never one from the request. Default: 401. */
  readonly redirectTo?: string;
}

/** One `@RequireSession`. */
export interface SessionRequirement {
  readonly type: SessionClass;
  readonly options: RequireSessionOptions;
}

const REQUIREMENTS = Symbol.for('nestjs-sessions:requirements');

interface Demanding {
  [REQUIREMENTS]?: readonly SessionRequirement[];
}

/** Records a requirement on a handler or a controller. */
export function requireSession(holder: object, requirement: SessionRequirement): void {
  const present = Object.hasOwn(holder, REQUIREMENTS) ? ((holder as Demanding)[REQUIREMENTS] ?? []) : [];
  Object.defineProperty(holder, REQUIREMENTS, { value: [...present, requirement], configurable: true });
}

/** Lets a request through if it has the sessions that its controller and handler require (Ktor: session authentication). */
@Injectable()
export class RequireSessionGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const requirements = [
      ...((context.getClass() as Demanding)[REQUIREMENTS] ?? []),
      ...((context.getHandler() as Demanding)[REQUIREMENTS] ?? []),
    ];
    for (const { type, options } of requirements) {
      if (!(await isMet(type, options, context))) refuse(options, context);
    }
    return true;
  }
}

async function isMet(type: SessionClass, options: RequireSessionOptions, context: ExecutionContext): Promise<boolean> {
  const session = await sessionsOfContext(context).sessions.get(type);
  if (session === undefined) return false;
  if (!options.validate) return true;
  const verdict = await options.validate(session, context);
  return verdict !== false && verdict !== null && verdict !== undefined;
}

function refuse(options: RequireSessionOptions, context: ExecutionContext): never {
  if (options.redirectTo === undefined || context.getType<string>() !== 'http') throw new UnauthorizedException();
  sessionsOfContext(context).call.setHeader('Location', options.redirectTo);
  throw new HttpException({ statusCode: HttpStatus.FOUND, message: 'Found' }, HttpStatus.FOUND);
}
