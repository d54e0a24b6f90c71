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

console.log(`Visits, in files: http://localhost:${port}

  Stop it, start it again, and it goes on counting.
`);
