import { UseInterceptors } from '@nestjs/common';
import { addHandlerFacts, markHandler } from '../handlers/handler-facts.js';
import { SessionsInterceptor } from './sessions.interceptor.js';
import { INTERCEPTORS } from '../handlers/nest-metadata.js';

export function bindInterceptor(
  target: object,
  property: string | symbol,
  descriptor = Object.getOwnPropertyDescriptor(target, property),
): void {
  const handler: unknown = descriptor?.value;
  if (!descriptor || typeof handler !== 'function') return;
  addHandlerFacts(target, property, { isIntercepted: true });
  markHandler(handler, { prototype: target, property });
  if (isIntercepted(handler)) return;
  UseInterceptors(SessionsInterceptor)(target, property, descriptor);
}

export function isIntercepted(handler: object): boolean {
  const bound: unknown = Reflect.getMetadata(INTERCEPTORS, handler);
  return Array.isArray(bound) && bound.includes(SessionsInterceptor);
}
