import { Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { PostgresPool } from 'nestjs-sessions/postgres';
import { Pool } from 'pg';

const logger = new Logger('Postgres');

/** The pool for `DATABASE_URL`, or PGlite in this process. Closed with the application. */
export class PostgresConnection implements OnApplicationShutdown {
  readonly #close: () => Promise<void>;

  private constructor(
    readonly pool: PostgresPool,
    close: () => Promise<void>,
  ) {
    this.#close = close;
  }

  static async open(url = process.env['DATABASE_URL']): Promise<PostgresConnection> {
    if (url) {
      const pool = new Pool({ connectionString: url, connectionTimeoutMillis: 5000 });
      // Without a listener, a broken idle connection ends the process.
      pool.on('error', (error) => logger.error(error.message));
      return new PostgresConnection(pool, () => pool.end());
    }
    const { PGlite } = await import('@electric-sql/pglite');
    const database = await PGlite.create();
    logger.warn('No DATABASE_URL: an embedded PGlite is used. Its sessions end with this process.');
    return new PostgresConnection(database, () => database.close());
  }

  /** The last hook: every response has been sent, so no request uses the pool. */
  async onApplicationShutdown(): Promise<void> {
    await this.#close();
  }
}

@Module({
  providers: [{ provide: PostgresConnection, useFactory: () => PostgresConnection.open() }],
  exports: [PostgresConnection],
})
export class PostgresModule {}
