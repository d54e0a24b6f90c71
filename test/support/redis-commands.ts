import type { Redis } from 'ioredis';
import { createClient } from 'redis';
import { until } from './until.js';

/** As in `1795992300.575781 [0 127.0.0.1:39032] "GET" "key"`. */
const MONITORED = /\[\d+ (?<source>[^\]]*)\] "(?<name>\w+)"/;

/** Counts commands for keys with a prefix, by MONITOR. */
export class RedisCommands {
  readonly #client: Redis;
  readonly #monitor: ReturnType<typeof createClient>;
  readonly #prefix: string;
  #seen: string[] = [];

  private constructor(client: Redis, prefix: string) {
    this.#client = client;
    const { host = 'localhost', port = 6379, username, password } = client.options;
    this.#monitor = createClient({
      socket: { host, port },
      ...(password && { username: username ?? 'default', password }),
    });
    this.#prefix = prefix;
  }

  /** By node-redis: the `monitor()` of ioredis fails if another client is busy. */
  static async of(client: Redis, prefix: string): Promise<RedisCommands> {
    const commands = new RedisCommands(client, prefix);
    await commands.#monitor.connect();
    await commands.#monitor.monitor((line) => commands.#see(line));
    return commands;
  }

  #see(line: string): void {
    const { source, name } = MONITORED.exec(line)?.groups ?? {};
    // Commands inside a script come from `lua` and are not counted.
    if (name && source !== 'lua' && line.includes(`"${this.#prefix}`)) this.#seen.push(name.toUpperCase());
  }

  /** The names of the commands since the last call, up to a marker command. */
  async taken(): Promise<string[]> {
    await this.#client.exists(`${this.#prefix}done`);
    await until(() => this.#seen.includes('EXISTS'));
    const names = this.#seen.filter((name) => name !== 'EXISTS');
    this.#seen = [];
    return names;
  }

  close(): void {
    this.#monitor.destroy();
  }
}
