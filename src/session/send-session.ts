import { SessionTooLargeError } from '../errors/session.errors.js';
import { isPromise, type Awaitable } from '../transformer/awaitable.js';
import { transformWrite } from '../transformer/session-transport-transformer.js';
import type { TrackedSession } from '../tracker/session-tracker.js';
import { maxAgeOf } from './own-lifetime.js';
import type { ClearOptions } from './request-sessions.js';
import { factsOf, tellReason, type SessionContext } from './session-report.js';

type SentSession<S extends object> = Pick<
  TrackedSession<S>,
  'value' | 'createdAt' | 'renewedAt' | 'details' | 'id' | 'storedId' | 'owner'
>;

/** @throws {SessionTooLargeError} */
export function sendSession<S extends object>(
  context: SessionContext<S>,
  session: SentSession<S>,
  transportValue: string,
): Promise<void> | undefined {
  const written: Awaitable<string> = transformWrite(context.provider.transport.transformers, transportValue);
  if (isPromise(written)) return Promise.resolve(written.then((text) => send(context, session, text)));
  send(context, session, written);
  return undefined;
}

/** No effect after the response head. */
export function clearSession<S extends object>(
  { provider, call }: SessionContext<S>,
  siteData?: ClearOptions['siteData'],
): void {
  if (call.headSent) return;
  provider.transport.clear(call);
  if (siteData?.length) call.setHeader('Clear-Site-Data', siteData.map((kind) => `"${kind}"`).join(', '));
  call.setHeader('Cache-Control', 'no-store');
}

function send<S extends object>(context: SessionContext<S>, session: SentSession<S>, text: string): void {
  const { provider, call, events } = context;
  const { transport, tracker, name } = provider;
  try {
    transport.send(call, text, maxAgeOf(provider, session));
  } catch (error) {
    if (!(error instanceof SessionTooLargeError)) throw error;
    throw new SessionTooLargeError(name, error.size, error.limit, tracker.fieldSizes(session.value));
  }
  call.setHeader('Cache-Control', 'no-store');
  if (call.secure || !transport.isSecure?.(call)) return;
  tellReason(context, 'secure-on-http');
  events.emit({ type: 'insecure', ...factsOf(context, session), reason: 'secure-on-http' });
}
