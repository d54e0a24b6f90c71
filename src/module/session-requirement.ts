import type { ExecutionContext } from '@nestjs/common';
import type { SessionClass } from '../tracker/session-class.js';
import type { Awaitable } from '../transformer/awaitable.js';

/** Why a request was refused: it has no session, or `validate` did not accept the one it has. */
export type SessionChallengeCause = 'NoCredentials' | 'InvalidCredentials';

/** What `@RequireSession` asks of a request. */
export interface RequireSessionOptions<S extends object = object> {
  /**
   * Whether the session will do, such as whether somebody is signed in. `false`, `null` and `undefined` refuse. Of an
   * accepted session, what this gives is the principal that `@Principal()` hands to the handler; for `true` it is the
   * session itself. Default: any session will.
   */
  readonly validate?: (session: S, context: ExecutionContext) => Awaitable<unknown>;
  /**
   * Answers a refused request: an error to throw, or the text of a place to redirect to, with 302. Whatever it gives,
   * the request is refused: nothing at all ends as 401.
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
  /** Lets a request without a session through, without a principal. One that `validate` refuses stays refused. */
  readonly optional?: boolean;
}

/** One `@RequireSession`. */
export interface SessionRequirement {
  readonly type: SessionClass;
  readonly options: RequireSessionOptions;
}

const REQUIREMENTS = Symbol.for('nestjs-sessions:requirements');
const PUBLIC = Symbol.for('nestjs-sessions:public');

interface Demanding {
  [REQUIREMENTS]?: readonly SessionRequirement[];
  [PUBLIC]?: boolean;
}

/** Records a requirement on a handler or a controller. */
export function requireSession(holder: object, requirement: SessionRequirement): void {
  const present = Object.hasOwn(holder, REQUIREMENTS) ? ((holder as Demanding)[REQUIREMENTS] ?? []) : [];
  Object.defineProperty(holder, REQUIREMENTS, { value: [...present, requirement], configurable: true });
}

/** Records that a handler or a controller is open to everybody. */
export function makePublic(holder: object): void {
  Object.defineProperty(holder, PUBLIC, { value: true, configurable: true });
}

/**
 * What a call must meet: the global requirements, those of its controller and those of its handler. `@Public()` takes
 * away what stands outside of it.
 */
export function requirementsOf(
  context: ExecutionContext,
  global: readonly SessionRequirement[],
): readonly SessionRequirement[] {
  const [controller, handler] = [context.getClass() as Demanding, context.getHandler() as Demanding];
  const ofHandler = handler[REQUIREMENTS] ?? [];
  if (handler[PUBLIC]) return ofHandler;
  const ofController = controller[REQUIREMENTS] ?? [];
  return controller[PUBLIC] ? [...ofController, ...ofHandler] : [...global, ...ofController, ...ofHandler];
}
