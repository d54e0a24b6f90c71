import { durationText } from '../config/describe-session.js';
import { ownerOf } from '../config/session-definition.js';
import type { BuiltSession } from '../config/session-provider.builder.js';
import { MigratingSessionTracker } from '../session/migrating-session-tracker.js';
import { SessionTrackerById } from '../tracker/session-tracker-by-id.js';

export interface SessionSummary {
  readonly name: string;
  readonly type: string;
  readonly byId: boolean;
  readonly transport: string;
  readonly owner: string | undefined;
  readonly revocable: boolean;
  /** Seconds; 0: unlimited. */
  readonly idle: number | undefined;
  readonly absolute: number | undefined;
  readonly maxPerOwner: string | undefined;
  readonly place: string;
  readonly ownIds: boolean;
  readonly plainText: boolean;
}

export function summaryOf({ provider, declared }: BuiltSession): SessionSummary {
  const tracker = provider.tracker instanceof MigratingSessionTracker ? provider.tracker.own : provider.tracker;
  const byId = tracker instanceof SessionTrackerById ? tracker : undefined;
  const owner = ownerOf(provider.type);
  const limit = declared?.resolved.maxPerOwner;
  return {
    name: provider.name,
    type: provider.type.name,
    byId: tracker.kind === 'by-id',
    transport: provider.transport.kind,
    owner,
    revocable: owner !== undefined && byId?.storage.owners !== undefined,
    idle: declared && declared.lifetime.idle / 1000,
    absolute: declared && declared.lifetime.absolute / 1000,
    maxPerOwner: limit === undefined ? undefined : limitText(limit),
    place: declared?.place ?? `${tracker.kind}, custom`,
    ownIds: declared?.resolved.identity !== undefined,
    plainText: tracker.kind === 'by-value' && provider.transport.transformers.length === 0,
  };
}

function limitText(limit: unknown): string {
  if (typeof limit === 'function') return 'by a function';
  if (typeof limit !== 'object' || limit === null) return String(limit);
  const { limit: most, beyond = 'end-oldest' } = limit as { readonly limit?: unknown; readonly beyond?: unknown };
  return `${String(most)}, beyond: ${String(beyond)}`;
}

export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return '?';
  if (seconds === 0) return 'none';
  return durationText(seconds);
}
