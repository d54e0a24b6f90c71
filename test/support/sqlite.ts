import Libsql from 'libsql';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SqliteDatabase } from 'nestjs-sessions/sqlite';

/** The common interface of both libraries. */
export type OpenSqlite = (file: string) => SqliteDatabase & { close(): void };

/** libsql has the interface of better-sqlite3 and runs on any Node; node:sqlite needs Node 22.13. */
export const sqliteLibraries: Readonly<Record<string, OpenSqlite>> = {
  libsql: (file) => new Libsql(file),
  ...nodeSqlite(),
};

function nodeSqlite(): Record<string, OpenSqlite> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 13)) return {};
  const require = createRequire(join(process.cwd(), 'package.json'));
  const { DatabaseSync } = require('node:sqlite') as { DatabaseSync: new (file: string) => ReturnType<OpenSqlite> };
  return { 'node:sqlite': (file) => new DatabaseSync(file) };
}

/** A directory for database files. */
export class SqliteFiles {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(): Promise<SqliteFiles> {
    return new SqliteFiles(await mkdtemp(join(tmpdir(), 'sqlite-')));
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}
