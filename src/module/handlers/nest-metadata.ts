import { createParamDecorator, Get, Sse, UseInterceptors } from '@nestjs/common';
import 'reflect-metadata';

// Undocumented metadata keys, checked with Nest 11.0 to 11.2 and 12.0 to 12.5, and @nestjs/graphql 13 and 14.

/** On a handler. */
export const INTERCEPTORS = '__interceptors__';
export const HTTP_METHOD = 'method';
export const SSE = '__sse__';
export const MESSAGE_PATTERN = 'microservices:pattern';
export const SOCKET_MESSAGE = 'websockets:message_mapping';
export const RESOLVER_TYPE = 'graphql:resolver_type';

/** On a class or a handler. */
export const GUARDS = '__guards__';

/** On a class. */
export const GATEWAY = 'websockets:is_gateway';

/** On a class and a property: parameters by `type:index`, each with `index` and `data`. */
export const PARAMETERS = '__routeArguments__';
/** Of `@Res({ passthrough: true })`. */
export const PASSTHROUGH = '__responsePassthrough__';

/** Tests the keys that `commitInHandlers` needs. */
export function isNestMetadataKnown(): boolean {
  class Interceptor {
    intercept(): undefined {}
  }
  const Parameter = createParamDecorator(() => undefined);
  class Probe {
    handler(_first: unknown): void {}
    stream(): void {}
  }
  const decorate = (name: 'handler' | 'stream', ...decorators: MethodDecorator[]): object => {
    const descriptor = Object.getOwnPropertyDescriptor(Probe.prototype, name)!;
    for (const one of decorators) one(Probe.prototype, name, descriptor);
    return descriptor.value as object;
  };
  try {
    Parameter('data')(Probe.prototype, 'handler', 3);
    const handler = decorate('handler', Get(), UseInterceptors(Interceptor as never));
    const stream = decorate('stream', Sse());
    const interceptors: unknown = Reflect.getMetadata(INTERCEPTORS, handler);
    const parameters = Object.values((Reflect.getMetadata(PARAMETERS, Probe, 'handler') ?? {}) as object);
    return (
      Array.isArray(interceptors) &&
      interceptors.length === 1 &&
      interceptors[0] === Interceptor &&
      parameters.length === 1 &&
      (parameters[0] as { index?: unknown }).index === 3 &&
      (parameters[0] as { data?: unknown }).data === 'data' &&
      Reflect.hasMetadata(HTTP_METHOD, handler) &&
      !Reflect.hasMetadata(SSE, handler) &&
      Reflect.getMetadata(SSE, stream) === true
    );
  } catch {
    return false;
  }
}
