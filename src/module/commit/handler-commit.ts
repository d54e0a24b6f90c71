import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { MetadataScanner, type DiscoveryService } from '@nestjs/core';
import 'reflect-metadata';
import { committed, watched } from './committed.js';
import type { HttpSessions } from '../request/http-sessions.js';
import {
  HTTP_METHOD,
  INTERCEPTORS,
  isNestMetadataKnown,
  MESSAGE_PATTERN,
  PARAMETERS,
  SSE,
} from '../handlers/nest-metadata.js';
import { ownsResponse } from '../handlers/own-response.js';
import { replaceHandler } from '../handlers/replace-handler.js';
import { sessionsOfContext } from '../request/sessions-of-context.js';
import { SessionsInterceptor } from './sessions.interceptor.js';

/** After all declared parameters. */
const INDEX = 16;
const SESSIONS_OF_CALL = 'nestjs-sessions:sessions-of-call';
// Global pipes do not transform functions.
const InjectSessionsOfCall = createParamDecorator((_: string, context: ExecutionContext): (() => HttpSessions) => {
  const sessions = sessionsOfContext(context);
  return () => sessions;
});

type Handler = (this: unknown, ...args: unknown[]) => unknown;
type Parameters = Readonly<Record<string, { readonly index: number; readonly data?: unknown }>>;
type InstanceWrapper = ReturnType<DiscoveryService['getControllers']>[number];

type Keeper = 'handler' | 'interceptor';

/**
 * Makes controller methods store the sessions, faster than {@link SessionsInterceptor}. Call it before Nest creates the
 * routes.
 *
 * Beside other interceptors, which may unsubscribe early, the new method only reports late changes.
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
  if (!instance || typeof metatype !== 'function' || Object.getPrototypeOf(instance) !== metatype.prototype)
    return false;
  if (instance.constructor !== metatype || !controller.isDependencyTreeStatic() || controller.isTransient) return false;
  return host?.injectables.get(SessionsInterceptor)?.metatype === SessionsInterceptor;
}

function keeperOf(handler: object): Keeper | undefined {
  const interceptors: unknown = Reflect.getMetadata(INTERCEPTORS, handler);
  if (!Array.isArray(interceptors) || !interceptors.includes(SessionsInterceptor)) return undefined;
  if (!Reflect.hasMetadata(HTTP_METHOD, handler)) return undefined;
  if (Reflect.hasMetadata(MESSAGE_PATTERN, handler)) return undefined;
  if (interceptors.length === 1) return 'handler';
  return Reflect.hasMetadata(SSE, handler) ? undefined : 'interceptor';
}

function replace(instance: Record<string, unknown>, name: string, handler: Handler, keeper: Keeper): void {
  const length = giveSessions(instance, name);
  if (length === undefined) return;
  const run = keeper === 'interceptor' || ownsResponse(instance.constructor, name) ? watched : committed;
  const committing = function (this: unknown, ...args: unknown[]): unknown {
    const sessionsOfCall = args[INDEX];
    // Called by a test, or changed by a global pipe.
    if (typeof sessionsOfCall !== 'function') return handler.apply(this, args);
    return run((sessionsOfCall as () => HttpSessions)(), handler.bind(this, ...args.slice(0, length)));
  };
  replaceHandler(instance, name, handler, committing);
  if (keeper === 'handler') Reflect.defineMetadata(INTERCEPTORS, [], committing);
}

function giveSessions(instance: object, name: string): number | undefined {
  const others = parametersOf(instance, name).filter((parameter) => !isGiven(parameter));
  const length = Math.max(0, ...others.map(({ index }) => index + 1));
  if (length > INDEX) return undefined;
  if (!parametersOf(instance, name).some(isGiven)) {
    InjectSessionsOfCall(SESSIONS_OF_CALL)(instance.constructor.prototype as object, name, INDEX);
  }
  return parametersOf(instance, name).some(isGiven) ? length : undefined;
}

function isGiven({ data }: Parameters[string]): boolean {
  return data === SESSIONS_OF_CALL;
}

function parametersOf(instance: object, name: string): Array<Parameters[string]> {
  return Object.values((Reflect.getMetadata(PARAMETERS, instance.constructor, name) ?? {}) as Parameters);
}
