import { UseInterceptors } from '@nestjs/common';
import { SessionsInterceptor } from './sessions.interceptor.js';

const BOUND = Symbol.for('nestjs-sessions:interceptor-bound');

/** Binds {@link SessionsInterceptor} to a handler, once. */
export function bindInterceptor(target: object, property: string | symbol): void {
  const descriptor = Object.getOwnPropertyDescriptor(target, property);
  const handler = descriptor?.value as ({ [BOUND]?: boolean } & object) | undefined;
  if (!descriptor || typeof handler !== 'function' || Object.hasOwn(handler, BOUND)) return;
  Object.defineProperty(handler, BOUND, { value: true });
  UseInterceptors(SessionsInterceptor)(target, property, descriptor);
}
