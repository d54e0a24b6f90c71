import type { ExecutionContext, Type } from '@nestjs/common';
import { refuseUnknownOptions } from '../config/known-options.js';
import { readOwner } from '../config/read-owner.js';
import { SessionConfigurationError } from '../errors/session.errors.js';
import type { SessionClass } from '../tracker/session-class.js';
import type { Awaitable } from '../transformer/awaitable.js';
import {
  handlerFactsOf,
  ownClassFacts,
  placeOf,
  prototypesOf,
  recordedProperties,
  type HandlerFacts,
} from './handler-facts.js';

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
  /** Lets a request without a session through, without a principal. One that `validate` refuses stays refused. */
  readonly optional?: boolean;
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
];

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
  return { type, options: options as unknown as RequireSessionOptions, label, ownerOf: readOwner(type) };
}

/** What a call must meet. */
export interface CallRequirements {
  readonly requirements: readonly SessionRequirement[];
  /** Its handler is open: `@Public()` has taken all requirements away. */
  readonly isOpen: boolean;
}

/**
 * Finds what a call must meet: the global requirements, those of its class and of the classes that it extends, and those
 * of its handler. `@Public()` on a handler leaves only its own. On a class it takes the global ones away, and is not
 * inherited.
 */
export class CallRequirementsFinder {
  readonly #global: readonly SessionRequirement[];
  readonly #found = new WeakMap<object, WeakMap<object, CallRequirements | 'unknown'>>();

  constructor(global: readonly SessionRequirement[] = []) {
    this.#global = global;
  }

  /** `unknown`: other handlers of the class have requirements, and it cannot be told which handler this one is. */
  of(context: ExecutionContext): CallRequirements | 'unknown' {
    const [type, handler] = [context.getClass(), context.getHandler() as object];
    let ofClass = this.#found.get(type);
    if (!ofClass) this.#found.set(type, (ofClass = new WeakMap()));
    let found = ofClass.get(handler);
    if (!found) ofClass.set(handler, (found = this.#find(type, handler)));
    return found;
  }

  #find(type: Type, handler: object): CallRequirements | 'unknown' {
    const facts = factsOfHandler(type, handler);
    if (facts === undefined) return 'unknown';
    if (facts.isPublic) return { requirements: facts.requirements, isOpen: facts.requirements.length === 0 };
    const ofClasses = prototypesOf(type)
      .reverse()
      .flatMap((one) => ownClassFacts(one).requirements);
    const global = ownClassFacts(type).isPublic ? [] : this.#global;
    return { requirements: [...global, ...ofClasses, ...facts.requirements], isOpen: false };
  }
}

/** What is recorded of a handler, however it was wrapped; `undefined` where it cannot be told which one it is. */
function factsOfHandler(type: Type, handler: object): HandlerFacts | undefined {
  const prototype = type.prototype as object;
  const place = placeOf(handler);
  if (place) {
    const facts = handlerFactsOf(prototype, place.property);
    if (prototypesOf(prototype).includes(place.prototype)) return facts;
    // A mixin has taken the method from another class.
    const ofOrigin = handlerFactsOf(place.prototype, place.property);
    return { ...facts, requirements: [...ofOrigin.requirements, ...facts.requirements], isPublic: ofOrigin.isPublic };
  }
  const property = propertyOf(prototype, handler);
  if (property !== undefined) return handlerFactsOf(prototype, property);
  const recorded = recordedProperties(prototype).map((name) => handlerFactsOf(prototype, name));
  return recorded.some(({ requirements }) => requirements.length > 0) ? undefined : handlerFactsOf(prototype, '');
}

/** The property of a handler that has no mark: the one that holds it, else the one of its name. */
function propertyOf(prototype: object, handler: object): string | symbol | undefined {
  for (const one of prototypesOf(prototype)) {
    const found = Reflect.ownKeys(one).find((key) => Object.getOwnPropertyDescriptor(one, key)?.value === handler);
    if (found !== undefined) return found;
  }
  const { name } = handler as { name?: unknown };
  return typeof name === 'string' && name !== '' && name !== 'constructor' && name in prototype ? name : undefined;
}
