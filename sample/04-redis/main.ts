import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { httpAdapter } from '../shared/http-adapter.js';
import { AppModule } from './app.module.js';
import { RedisConnection } from './redis-connection.js';

const port = Number(process.env['PORT'] ?? 3000);
const app = await NestFactory.create(AppModule, await httpAdapter());
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
