import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { MetadataScanner, type DiscoveryService } from '@nestjs/core';
import 'reflect-metadata';
import { committed, watched } from './committed.js';
import type { HttpSessions } from './http-sessions.js';
import { HTTP_METHOD, INTERCEPTORS, isNestMetadataKnown, MESSAGE_PATTERN, PARAMETERS, SSE } from './nest-metadata.js';
import { ownsResponse } from './own-response.js';
import { sessionsOfContext } from './request-of.js';
import { SessionsInterceptor } from './sessions.interceptor.js';

/** Where a handler is given the sessions of its request: behind all parameters that anyone declares. */
const PLACE = 16;
const SESSIONS_OF_CALL = 'nestjs-sessions:sessions-of-call';
// Behind a function, which the application's global pipes leave alone.
const InjectSessionsOfCall = createParamDecorator((_: string, context: ExecutionContext): (() => HttpSessions) => {
  const sessions = sessionsOfContext(context);
  return () => sessions;
});

type Handler = (this: unknown, ...args: unknown[]) => unknown;
type Parameters = Readonly<Record<string, { readonly index: number; readonly data?: unknown }>>;
type InstanceWrapper = ReturnType<DiscoveryService['getControllers']>[number];

/** Who stores the sessions of a handler that is replaced. */
type Keeper = 'handler' | 'interceptor';

/**
 * Lets the handlers of controllers store their sessions themselves, as the last thing they do, in place of
 * {@link SessionsInterceptor}: with the same outcome, but without what Nest charges for any interceptor, which is as
 * much as all else that a session costs.
 *
 * A handler is replaced on the application's own instance of the controller, before Nest makes its routes. It keeps the
 * interceptor where that could make a difference: beside other interceptors of the same handler, where a test has
 * overridden it, with `@Sse()`, and in controllers that Nest makes anew for each request. Handlers of GraphQL, WebSockets
 * and messages always keep it. So does the whole application where Nest's metadata is not what it was
 * ({@link isNestMetadataKnown}), or with the option `commit: 'interceptor'`.
 *
 * Beside other interceptors a handler is replaced, too, but only to report what it changes after the response: one of
 * them may stop listening to it, as for a timeout, and then ours does not see it end.
 */
export function commitInHandlers(discovery: DiscoveryService): void {
  if (!isNestMetadataKnown()) return;
  const scanner = new MetadataScanner();
  for (const controller of discovery.getControllers()) {
    if (!isReplaceable(controller)) continue;
    const instance = controller.instance as Record<string, unknown>;
    for (const name of scanner.getAllMethodNames(Object.getPrototypeOf(instance) as object)) {
      const handler = instance[name];
      const keeper = typeof handler === 'function' ? keeperOf(handler) : undefined;
      if (keeper) replace(instance, name, handler as Handler, keeper);
    }
  }
}

function isReplaceable(controller: InstanceWrapper): boolean {
  const { instance, metatype, host } = controller as { instance: object | undefined } & InstanceWrapper;
  // Not one that a mixin or a test has put together: its parameters are declared elsewhere.
  if (!instance || typeof metatype !== 'function' || Object.getPrototypeOf(instance) !== metatype.prototype)
    return false;
  if (instance.constructor !== metatype || !controller.isDependencyTreeStatic() || controller.isTransient) return false;
  return host?.injectables.get(SessionsInterceptor)?.metatype === SessionsInterceptor;
}

/** `undefined` for a handler without our interceptor, and for one that does not answer requests in the ordinary way. */
function keeperOf(handler: object): Keeper | undefined {
  const interceptors: unknown = Reflect.getMetadata(INTERCEPTORS, handler);
  if (!Array.isArray(interceptors) || !interceptors.includes(SessionsInterceptor)) return undefined;
  if (!Reflect.hasMetadata(HTTP_METHOD, handler)) return undefined;
  if (Reflect.hasMetadata(SSE, handler) || Reflect.hasMetadata(MESSAGE_PATTERN, handler)) return undefined;
  return interceptors.length === 1 ? 'handler' : 'interceptor';
}

function replace(instance: Record<string, unknown>, name: string, handler: Handler, keeper: Keeper): void {
  const length = giveSessions(instance, name);
  if (length === undefined) return;
  const run = keeper === 'interceptor' || ownsResponse(instance.constructor, name) ? watched : committed;
  const committing = function (this: unknown, ...args: unknown[]): unknown {
    const sessionsOfCall = args[PLACE];
    // A test calls it by hand, or a global pipe has put something else there; the response hold stores then.
    if (typeof sessionsOfCall !== 'function') return handler.apply(this, args);
    return run((sessionsOfCall as () => HttpSessions)(), () => handler.apply(this, args.slice(0, length)));
  };
  // Whatever guards, filters and interceptors look for on a handler.
  Object.defineProperties(committing, Object.getOwnPropertyDescriptors(handler));
  for (const key of Reflect.getMetadataKeys(handler)) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, handler), committing);
  }
  if (keeper === 'handler') Reflect.defineMetadata(INTERCEPTORS, [], committing);
  Object.defineProperty(instance, name, { value: committing, writable: true, configurable: true });
}

/** Declares the parameter at {@link PLACE}. @returns how many others there are; `undefined` where there is no room for it. */
function giveSessions(instance: object, name: string): number | undefined {
  const others = parametersOf(instance, name).filter((parameter) => !isGiven(parameter));
  const length = Math.max(0, ...others.map(({ index }) => index + 1));
  if (length > PLACE) return undefined;
  if (!parametersOf(instance, name).some(isGiven)) {
    InjectSessionsOfCall(SESSIONS_OF_CALL)(instance.constructor.prototype as object, name, PLACE);
  }
  return parametersOf(instance, name).some(isGiven) ? length : undefined;
}

function isGiven({ data }: Parameters[string]): boolean {
  return data === SESSIONS_OF_CALL;
}

function parametersOf(instance: object, name: string): Array<Parameters[string]> {
  return Object.values((Reflect.getMetadata(PARAMETERS, instance.constructor, name) ?? {}) as Parameters);
}
