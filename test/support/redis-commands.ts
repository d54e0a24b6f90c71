import type { Redis } from 'ioredis';

/** Counts commands for keys with a prefix, by MONITOR. */
export class RedisCommands {
  readonly #client: Redis;
  readonly #monitor: Redis;
  readonly #prefix: string;
  #seen: string[] = [];

  private constructor(client: Redis, monitor: Redis, prefix: string) {
    this.#client = client;
    this.#monitor = monitor;
    this.#prefix = prefix;
    // Commands inside a script come from `lua` and are not counted.
    monitor.on('monitor', (_time: string, args: string[], source: string) => {
      if (source !== 'lua' && args.some((arg) => arg.startsWith(prefix))) this.#seen.push(args[0]!.toUpperCase());
    });
  }

  static async of(client: Redis, prefix: string): Promise<RedisCommands> {
    return new RedisCommands(client, await client.monitor(), prefix);
  }

  /** The names of the commands since the last call, up to a marker command. */
  async taken(): Promise<string[]> {
    await this.#client.exists(`${this.#prefix}done`);
    while (!this.#seen.includes('EXISTS')) await new Promise((resolve) => setTimeout(resolve, 5));
    const names = this.#seen.filter((name) => name !== 'EXISTS');
    this.#seen = [];
    return names;
  }

  close(): void {
    this.#monitor.disconnect();
  }
}
