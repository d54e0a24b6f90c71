import { SessionTooLargeError } from '../errors/session.errors.js';
import { isPromise, type Awaitable } from '../transformer/awaitable.js';
import { transformWrite } from '../transformer/session-transport-transformer.js';
import type { SessionPlace } from './session-report.js';

/**
 * Puts what the client is to hold of `value` on the response; at once where no transformer has to be waited for.
 * @throws {SessionTooLargeError} when it does not fit.
 */
export function sendSession<S extends object>(
  place: SessionPlace<S>,
  value: S,
  transportValue: string,
): Promise<void> | undefined {
  const written: Awaitable<string> = transformWrite(place.provider.transport.transformers, transportValue);
  if (isPromise(written)) return Promise.resolve(written.then((text) => send(place, value, text)));
  send(place, value, written);
  return undefined;
}

/** Tells the client to forget the session, unless the head has left. */
export function clearSession<S extends object>({ provider, call }: SessionPlace<S>): void {
  if (call.headSent) return;
  provider.transport.clear(call);
  call.setHeader('Cache-Control', 'no-store');
}

function send<S extends object>({ provider, call, events }: SessionPlace<S>, value: S, text: string): void {
  const { transport, tracker, name } = provider;
  try {
    transport.send(call, text);
  } catch (error) {
    if (!(error instanceof SessionTooLargeError)) throw error;
    throw new SessionTooLargeError(name, error.size, error.limit, tracker.fieldSizes(value));
  }
  call.setHeader('Cache-Control', 'no-store');
  if (transport.isSecure?.(call) && !call.secure) events.emit({ type: 'insecure', session: name });
}
