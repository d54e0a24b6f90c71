import { createParamDecorator, Get, Sse, UseInterceptors } from '@nestjs/common';
import 'reflect-metadata';

/**
 * Undocumented metadata keys of Nest handlers.
 *
 * | Key | On | Holds | Checked with |
 * |---|---|---|---|
 * | `__interceptors__` | handler | interceptor classes of `@UseInterceptors` | Nest 11.0 to 11.2, 12.0 to 12.5 |
 * | `__routeArguments__` | class, property | parameters by `type:index`, each with `index` and `data` | the same |
 * | `method` | handler | the HTTP method | the same |
 * | `__sse__` | handler | `true` for `@Sse()` | the same |
 * | `microservices:pattern` | handler | the patterns of a message handler | the same |
 * | `__guards__` | class, handler | guards of `@UseGuards` | the same |
 * | `__exceptionFilters__` | class, handler | filters of `@UseFilters` | the same |
 * | `__responsePassthrough__` | class, property | `true` for `@Res({ passthrough: true })` | the same |
 * | `websockets:is_gateway` | class | `true` for `@WebSocketGateway()` | @nestjs/websockets 11 and 12 |
 * | `websockets:message_mapping` | handler | `true` for `@SubscribeMessage()` | the same |
 * | `graphql:resolver_type` | handler | `Query`, `Mutation`, `Subscription` or a field | @nestjs/graphql 13 and 14 |
 * | `graphql:resolve_property` | handler | `true` for `@ResolveField()` | the same |
 * | `graphql:resolve_reference` | handler | `true` for `@ResolveReference()` | the same |
 * | `graphql:field_resolver_middleware` | handler | functions around a `@ResolveField()` | the same |
 */
export const INTERCEPTORS = '__interceptors__';
export const HTTP_METHOD = 'method';
export const SSE = '__sse__';
export const MESSAGE_PATTERN = 'microservices:pattern';
export const GUARDS = '__guards__';
export const FILTERS = '__exceptionFilters__';
export const PASSTHROUGH = '__responsePassthrough__';
export const PARAMETERS = '__routeArguments__';
export const GATEWAY = 'websockets:is_gateway';
export const SOCKET_MESSAGE = 'websockets:message_mapping';
export const RESOLVER_TYPE = 'graphql:resolver_type';
export const RESOLVE_FIELD = 'graphql:resolve_property';
export const RESOLVE_REFERENCE = 'graphql:resolve_reference';
export const FIELD_MIDDLEWARE = 'graphql:field_resolver_middleware';

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
