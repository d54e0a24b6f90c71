import { EMPTY_CALL as call } from '../../call/session-call.js';
import { SessionError } from '../../errors/session.errors.js';
import { MigratingSessionTracker } from '../../session/migrating-session-tracker.js';
import type { SessionExchange } from '../../session/session-exchange.js';
import type { SessionProvider } from '../../session/session-provider.js';
import { NEVER } from '../../storage/session-storage.js';
import { openEnvelope, sealEnvelope } from '../../tracker/session-envelope.js';
import { SessionTrackerById } from '../../tracker/session-tracker-by-id.js';

const LONG_AGO = { createdAt: 0, renewedAt: 0 };

/** @returns the new value for the client, if any. */
export async function backdated(
  provider: SessionProvider,
  exchange: SessionExchange,
  value: object,
): Promise<string | undefined> {
  const tracker = provider.tracker instanceof MigratingSessionTracker ? provider.tracker.own : provider.tracker;
  if (tracker instanceof SessionTrackerById) {
    const handle = tracker.handleOf((await exchange.id(provider.type))!);
    const record = (await tracker.storage.read(handle))!;
    // The storage must keep the record, so that its times decide.
    await tracker.storage.replace(handle, { ...record, value: aged(provider, record.value), expiresAt: NEVER });
    return undefined;
  }
  const result = await tracker.store({ value, call, force: true });
  if (result.status === 'gone' || result.status === 'unchanged') throw noTimes(provider);
  return aged(provider, result.transportValue);
}

function aged(provider: SessionProvider, text: string): string {
  const envelope = openEnvelope(text);
  if (!envelope) throw noTimes(provider);
  return sealEnvelope(LONG_AGO, envelope.text);
}

function noTimes(provider: SessionProvider): SessionError {
  return new SessionError(
    'SESSION_WRONG_VALUE',
    `Session "${provider.name}" has no times, so it cannot expire. Test it without expiredSession().`,
  );
}
