'use strict';

/**
 * For each storage: imports, statements before the options, the option, and packages to install.
 */
exports.STORAGES = {
  cookie: { imports: [], statements: [], packages: {} },
  memory: { imports: [], statements: [], packages: {} },
  redis: {
    imports: [
      "import { redisSessionStorage } from 'nestjs-sessions/redis';",
      "import { createClient } from 'redis';",
      "import { Logger } from '@nestjs/common';",
    ],
    statements: [
      "const client = createClient({ url: process.env.REDIS_URL ?? 'redis://localhost:6379' });",
      "client.on('error', (error: Error) => new Logger('Redis').error(error.message));",
      'await client.connect();',
    ],
    storage: 'redisSessionStorage({ client })',
    packages: { redis: '^6.3.1' },
  },
  postgres: {
    imports: ["import { postgresSessionStorage } from 'nestjs-sessions/postgres';", "import { Pool } from 'pg';"],
    statements: ['const pool = new Pool({ connectionString: process.env.DATABASE_URL });'],
    storage: 'postgresSessionStorage({ pool, createTable: true })',
    packages: { pg: '^8.23.1' },
    devPackages: { '@types/pg': '^8.23.1' },
  },
  mysql: {
    imports: [
      "import { createPool } from 'mysql2/promise';",
      "import { mysqlSessionStorage } from 'nestjs-sessions/mysql';",
    ],
    statements: ["const pool = createPool(process.env.MYSQL_URL ?? 'mysql://localhost/sessions');"],
    storage: 'mysqlSessionStorage({ pool, createTable: true })',
    packages: { mysql2: '^3.24.6' },
  },
  sqlite: {
    imports: ["import Database from 'libsql';", "import { sqliteSessionStorage } from 'nestjs-sessions/sqlite';"],
    statements: ["const database = new Database('sessions.db');"],
    storage: 'sqliteSessionStorage({ database, createTable: true })',
    packages: { libsql: '^0.5.29' },
  },
  directory: {
    imports: ["import { directorySessionStorage } from 'nestjs-sessions/directory';"],
    statements: [],
    storage: "directorySessionStorage({ directory: '.sessions' })",
    packages: {},
    ignored: '.sessions',
  },
};
