import type { AbstractHttpAdapter } from '@nestjs/core';

/** Express, or Fastify with PLATFORM=fastify. */
export async function httpAdapter(): Promise<AbstractHttpAdapter> {
  if (process.env['PLATFORM'] === 'fastify') {
    const { FastifyAdapter } = await import('@nestjs/platform-fastify');
    return new FastifyAdapter();
  }
  const { ExpressAdapter } = await import('@nestjs/platform-express');
  return new ExpressAdapter();
}
