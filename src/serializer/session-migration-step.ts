/** The fields of a stored session by their stored names, decoded: plain objects, Date, Map and so on, no classes. */
export type StoredFields = Record<string, unknown>;

/** Brings stored fields up to a newer version: in place, or as a new object that it returns. Synchronous. */
export type MigrateFields = (fields: StoredFields) => StoredFields | void;

/** One step from a version of a session class to a newer one. */
export interface SessionMigration {
  readonly from: number;
  readonly to: number;
  readonly migrate: MigrateFields;
}
