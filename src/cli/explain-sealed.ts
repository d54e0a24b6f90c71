import type { BuiltSession } from '../config/session-provider.builder.js';
import { KeyRing } from '../keys/key-ring.js';
import { openEnvelope } from '../tracker/session-envelope.js';
import { SessionLifetime } from '../tracker/session-lifetime.js';
import { SessionTransportTransformerSeal } from '../transformer/session-transport-transformer-seal.js';
import { contentLines, timeLines } from './explain-times.js';

const SEAL_OVERHEAD = 45;
const VERSION = 1;
const TRANSPORTS = ['cookie', 'header'];

interface SealedQuestion {
  readonly names: readonly string[];
  readonly value: string;
  readonly keys: readonly string[];
  readonly transport: string;
  readonly built: BuiltSession | undefined;
  readonly show: boolean;
}

export function looksSealed(value: string): boolean {
  if (!/^[\w-]+$/.test(value)) return false;
  const bytes = Buffer.from(value, 'base64url');
  return bytes.length >= SEAL_OVERHEAD && bytes[0] === VERSION;
}

export function explainSealed({ names, value, keys, transport, built, show }: SealedQuestion): string[] {
  const bytes = Buffer.from(value, 'base64url');
  const id = bytes.subarray(1, 5).toString('hex');
  const lines = [
    `A sealed value, version ${VERSION}, key id ${id}, about ${bytes.length - SEAL_OVERHEAD} bytes of content.`,
  ];
  const transformers = built?.provider.transport.transformers;
  const configured = transformers?.find((one) => one instanceof SessionTransportTransformerSeal);
  if (configured) {
    const text = configured.transformRead(value);
    const state = configured.keyState(value);
    if (text !== undefined) {
      lines.push(`Sealed by ${state === 'current' ? 'the newest key' : 'an older key'} of the application.`);
      return [...lines, ...opened(text, built, show)];
    }
    lines.push(
      state === 'unknown'
        ? 'Refused (unknown-key): no key of the application has this id.'
        : 'Refused (tampered): the key is known, but the value was changed or belongs to another session.',
    );
    return lines;
  }
  if (keys.length === 0) return [...lines, 'Pass --key or --env-file to open it.'];
  if (names.length === 0) return [...lines, 'Pass --name: the seal is bound to the name of the session.'];
  return [...lines, ...withKeys(names, value, id, keys, transport, built, show)];
}

function withKeys(
  names: readonly string[],
  value: string,
  id: string,
  keys: readonly string[],
  transport: string,
  built: BuiltSession | undefined,
  show: boolean,
): string[] {
  const ring = new KeyRing(keys);
  const placeOf = (one: string): number => ring.derive('seal', one).findIndex((key) => key.id.toString('hex') === id);
  const name = names.find((one) => placeOf(one) >= 0) ?? names[0]!;
  const at = placeOf(name);
  if (at < 0) {
    return [
      `Refused (unknown-key): none of ${keys.length} key(s) has this id for session "${name}". A wrong name looks the same.`,
    ];
  }
  const place = `Sealed by key ${at + 1} of ${keys.length} (id ${id}).`;
  const text = new SessionTransportTransformerSeal(ring, { name, transport }).transformRead(value);
  if (text !== undefined) return [place, ...opened(text, built, show)];
  const other = TRANSPORTS.find(
    (one) =>
      one !== transport && new SessionTransportTransformerSeal(ring, { name, transport: one }).transformRead(value),
  );
  if (other !== undefined) return [place, `Refused (tampered): it was sealed for a ${other}, not for a ${transport}.`];
  return [place, 'Refused (tampered): the key is correct, but the value was changed or truncated.'];
}

function opened(text: string, built: BuiltSession | undefined, show: boolean): string[] {
  const envelope = openEnvelope(text);
  if (!envelope) return ['Refused (malformed): the seal is valid, but contains no session.'];
  const lifetime = built?.declared?.lifetime;
  return [
    ...timeLines(envelope, lifetime ?? new SessionLifetime(), lifetime !== undefined),
    ...contentLines(envelope.text, show),
  ];
}
