import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

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

const address = `http://localhost:${port}`;
console.log(`Header API: ${address}

  curl -i ${address}/session -H 'Content-Type: application/json' -d '{"name":"Ada"}'
  curl ${address}/notes -H 'X-Session: …' -H 'Content-Type: application/json' -d '{"text":"Buy tea"}'
  curl ${address}/notes -H 'X-Session: …'
  curl ${address}/session -H 'X-Session: …' -X DELETE
`);
