/** The decoded fields of a stored session by stored name: plain objects, Date, Map and so on, no class instances. */
export type StoredFields = Record<string, unknown>;

/** Upgrades stored fields to a newer version: in place, or by returning a new object. Synchronous. */
export type MigrateFields = (fields: StoredFields) => StoredFields | void;

/** One step from a version of a session class to a newer one. */
export interface SessionMigration {
  readonly from: number;
  readonly to: number;
  readonly migrate: MigrateFields;
}
