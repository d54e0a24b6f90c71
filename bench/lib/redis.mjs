import { createClient } from 'redis';

/** Prefix of every key of the benchmark. */
export const PREFIX = 'nestjs-sessions-bench:';

export const redisUrl = process.env.REDIS_URL;

/** A client of node-redis, connected. */
export function connectRedis() {
  return createClient({ url: redisUrl }).connect();
}

/** The commands on keys of the benchmark while `run` runs, without those inside scripts. */
export async function commandsDuring(run) {
  const client = await connectRedis();
  const commands = [];
  await client.monitor((line) => {
    const command = /^\S+ \[\d+ (\S+)\] "([^"]+)"/.exec(line);
    if (command && command[1] !== 'lua' && line.includes(PREFIX)) commands.push(command[2].toUpperCase());
  });
  await run();
  // MONITOR reports shortly after the answer.
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.destroy();
  return commands;
}

/** Removes every key of the benchmark. */
export async function removeKeys() {
  const client = await connectRedis();
  for await (const keys of client.scanIterator({ MATCH: `${PREFIX}*`, COUNT: 1000 })) {
    if (keys.length > 0) await client.unlink(keys);
  }
  client.destroy();
}
