import type { BuiltSession } from '../config/session-provider.builder.js';
import { MigratingSessionTracker } from '../session/migrating-session-tracker.js';
import type { SessionStorage } from '../storage/session-storage.js';
import { hashSessionId } from '../tracker/session-id-provider.js';
import { openEnvelope } from '../tracker/session-envelope.js';
import { SessionLifetime } from '../tracker/session-lifetime.js';
import { endReasonOf, isEnded, isRotated } from '../tracker/session-records.js';
import { SessionTrackerById } from '../tracker/session-tracker-by-id.js';
import { contentLines, timeLines } from './explain-times.js';

interface IdQuestion {
  readonly value: string;
  readonly name: string | undefined;
  readonly storage: SessionStorage | undefined;
  readonly built: BuiltSession | undefined;
  readonly show: boolean;
}

export async function explainId({ value, name, storage, built, show }: IdQuestion): Promise<string[]> {
  const isId = /^[\w-]{43}$/.test(value);
  const lines = [isId ? 'A session id: 256 bits, base64url.' : 'Neither a sealed value nor an id of this package.'];
  const tracker = built && trackerById(built);
  const handle = tracker ? tracker.handleOf(value) : hashSessionId(value);
  lines.push(`Public handle (name in the storage): ${handle}`);
  const place = tracker?.storage ?? storage;
  if (!place) return [...lines, 'Pass --storage or --module to look it up.'];
  const record = await place.read(handle);
  if (!record) return [...lines, 'Refused (unknown-id): never issued, ended, or expired and removed.'];
  if (isEnded(record.value)) return [...lines, `Refused (${endReasonOf(record.value)}): the session was ended.`];
  if (isRotated(record.value)) return [...lines, 'Refused (rotated): the session has a new id.'];
  const opened = tracker ? tracker.open(record) : envelopeOf(record.value, name);
  if (!opened) {
    return [
      ...lines,
      openEnvelope(record.value)
        ? 'Refused (wrong-session): the record belongs to another session name.'
        : 'Refused (undecodable): the record has an unknown format.',
    ];
  }
  const lifetime = built?.declared?.lifetime;
  return [
    ...lines,
    ...timeLines(opened, lifetime ?? new SessionLifetime(), lifetime !== undefined),
    ...contentLines(opened.text, show),
  ];
}

function trackerById({ provider }: BuiltSession): SessionTrackerById<object> | undefined {
  const tracker = provider.tracker instanceof MigratingSessionTracker ? provider.tracker.own : provider.tracker;
  return tracker instanceof SessionTrackerById ? (tracker as SessionTrackerById<object>) : undefined;
}

/** `<times>.<name>:<mark>.<text>` */
function envelopeOf(value: string, name: string | undefined): ReturnType<typeof openEnvelope> {
  const envelope = openEnvelope(value);
  const head = /^([^:]*):[^.]*\./.exec(envelope?.text ?? '');
  if (!envelope || !head || (name !== undefined && head[1] !== name)) return undefined;
  return { ...envelope, text: envelope.text.slice(head[0].length) };
}
