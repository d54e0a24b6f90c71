// Opens the storage that a process of the application uses.

const silent = () => {};

const openers = {
  async redis({ ports }) {
    const [{ redisSessionStorage }, { createClient }] = await both('redis');
    const client = createClient({ url: `redis://127.0.0.1:${ports[0]}` }).on('error', silent);
    await client.connect();
    return redisSessionStorage({ client });
  },
  async ioredis({ ports }) {
    const { redisSessionStorage } = await import('nestjs-sessions/redis');
    const { Redis } = await import('ioredis');
    return redisSessionStorage({ client: new Redis(ports[0], '127.0.0.1').on('error', silent) });
  },
  async cluster({ ports }) {
    const [{ redisSessionStorage }, { createCluster }] = await both('redis');
    const rootNodes = ports.map((port) => ({ url: `redis://127.0.0.1:${port}` }));
    const client = createCluster({ rootNodes }).on('error', silent).on('node-error', silent);
    await client.connect();
    return redisSessionStorage({ client });
  },
  async postgres({ ports }) {
    const { postgresSessionStorage } = await import('nestjs-sessions/postgres');
    const { default: pg } = await import('pg');
    const pool = new pg.Pool({ host: '127.0.0.1', port: ports[0], user: 'postgres', database: 'postgres' });
    return postgresSessionStorage({ pool, createTable: true });
  },
  async mysql({ ports }) {
    const { mysqlSessionStorage } = await import('nestjs-sessions/mysql');
    const { createPool } = await import('mysql2/promise');
    const pool = createPool({ host: '127.0.0.1', port: ports[0], user: 'root', database: 'test' });
    return mysqlSessionStorage({ pool, createTable: true });
  },
  async sqlite({ folder }) {
    const { sqliteSessionStorage } = await import('nestjs-sessions/sqlite');
    const { default: Database } = await import('libsql');
    return sqliteSessionStorage({ database: new Database(`${folder}/sessions.db`), createTable: true });
  },
  async directory({ folder }) {
    const { directorySessionStorage } = await import('nestjs-sessions/directory');
    return directorySessionStorage({ directory: `${folder}/sessions` });
  },
};

export const storageNames = Object.keys(openers);

/** @param where the ports of the server's proxies, or the folder. */
export function openStorage(name, where) {
  return openers[name](where);
}

function both(client) {
  return Promise.all([import('nestjs-sessions/redis'), import(client)]);
}
