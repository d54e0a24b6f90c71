import type { DiscoveryService } from '@nestjs/core';
import 'reflect-metadata';
import { SessionConfigurationError } from '../../errors/session.errors.js';
import { loadRpcException, rememberException } from '../request/transport-exceptions.js';

const MESSAGE_PATTERN = 'microservices:pattern';
const HTTP_METHOD = 'method';

/** False for a handler of HTTP requests, too. */
export function isMessageHandler(handler: object): boolean {
  return Reflect.hasMetadata(MESSAGE_PATTERN, handler) && !Reflect.hasMetadata(HTTP_METHOD, handler);
}

export function noSessionOfMessage(place: string): SessionConfigurationError {
  return new SessionConfigurationError(
    `${place} handles messages of a microservice, which have no session, because they have no cookies and headers. ` +
      'Remove the session decorators, and send what is needed in the message, such as the id of the user.',
  );
}

export async function prepareMessageHandlers(discovery: DiscoveryService): Promise<void> {
  const types = discovery
    .getControllers()
    .map(({ metatype }) => metatype)
    .filter((type): type is new () => object => typeof type === 'function' && handlesMessages(type.prototype));
  if (types.length === 0) return;
  const exception = await loadRpcException();
  for (const type of types) rememberException(type, exception);
}

function handlesMessages(prototype: object | null): boolean {
  for (let one = prototype; one && one !== Object.prototype; one = Object.getPrototypeOf(one) as object | null) {
    for (const name of Reflect.ownKeys(one)) {
      const value: unknown = Object.getOwnPropertyDescriptor(one, name)?.value;
      if (typeof value === 'function' && Reflect.hasMetadata(MESSAGE_PATTERN, value)) return true;
    }
  }
  return false;
}
