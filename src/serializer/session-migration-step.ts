/** By stored name, decoded, without class instances. */
export type StoredFields = Record<string, unknown>;

export type MigrateFields = (fields: StoredFields) => StoredFields | void;

export interface SessionMigration {
  readonly from: number;
  readonly to: number;
  readonly migrate: MigrateFields;
}
