import type { SessionSerializer } from '../serializer/session-serializer.js';
import type { ConditionalSessionStorage } from '../storage/session-storage-guarded.js';
import type { SessionLifetime } from './session-lifetime.js';
import type { SessionRecords } from './session-records.js';

/** What the classes behind `SessionTrackerById` share. */
export interface ByIdParts<S extends object> {
  readonly storage: ConditionalSessionStorage;
  readonly records: SessionRecords;
  readonly serializer: SessionSerializer<S>;
  readonly lifetime: SessionLifetime;
  readonly storedId: (id: string) => string;
  readonly ownerOf: (value: S) => string | undefined;
  /** Ktor's format: no pending sessions, no tombstones. */
  readonly bare: boolean;
  readonly now: () => number;
}
