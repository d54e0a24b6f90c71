/** Decoded fields of a stored session by stored name: plain objects, Date, Map and so on, no class instances. */
export type StoredFields = Record<string, unknown>;

/** Upgrades stored fields in place or returns new ones. Synchronous. */
export type MigrateFields = (fields: StoredFields) => StoredFields | void;

export interface SessionMigration {
  readonly from: number;
  readonly to: number;
  readonly migrate: MigrateFields;
}
