import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { RedisConnection } from './redis-connection.js';

/** Express, or Fastify with PLATFORM=fastify. */
async function adapter() {
  if (process.env['PLATFORM'] === 'fastify') {
    const { FastifyAdapter } = await import('@nestjs/platform-fastify');
    return new FastifyAdapter();
  }
  const { ExpressAdapter } = await import('@nestjs/platform-express');
  return new ExpressAdapter();
}

const port = Number(process.env['PORT'] ?? 3000);
const app = await NestFactory.create(AppModule, await adapter());
app.enableShutdownHooks();
await app.listen(port);

console.log(`Devices, in Redis: http://localhost:${port}`);
if (app.get(RedisConnection).embedded) {
  const { url } = app.get(RedisConnection);
  console.log(`
  A second process with the same sessions:
  REDIS_URL=${url} PORT=${port + 1} npm run sample -- 04-redis
`);
}
