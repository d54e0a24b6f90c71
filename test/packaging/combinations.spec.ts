import { join } from 'node:path';
import { Consumer } from './consumer.js';

/** The combination, its file in `consumers/combinations`, and the Nest versions. */
const combinations = [
  ['@nestjs/config', 'config', 'express and fastify'],
  ['nestjs-cls', 'cls', 'express and fastify'],
  ['@nestjs/event-emitter', 'events', 'express and fastify'],
  ['@nestjs/schedule', 'schedule', 'express and fastify'],
  ['@nestjs/throttler, by session', 'throttler', 'express and fastify'],
  ['@nestjs/axios', 'axios', 'express and fastify'],
  ['@nestjs/serve-static', 'static-files', 'express and fastify'],
  ['nestjs-i18n, the language in the session', 'i18n', 'express and fastify'],
  ['nestjs-pino', 'pino', 'express and fastify'],
  ['@nestjs/swagger', 'swagger', 'express and fastify'],
  ['@nestjs/bullmq', 'bullmq', 'express and fastify'],
  ['helmet and @fastify/helmet', 'helmet', 'express and fastify'],
  ['cookie-parser and @fastify/cookie', 'cookies', 'express and fastify'],
  ['multer and @fastify/multipart', 'uploads', 'express and fastify'],
  ['ValidationPipe and class-validator', 'validation', 'express and fastify'],
  ['ejs, hbs and @fastify/view, with promises', 'views', 'express and fastify'],
  ['compression and @fastify/compress', 'compress', 'express and fastify'],
  ['http-proxy-middleware', 'proxy', 'express'],
  ['@codegenie/serverless-express', 'serverless-express', 'express'],
  ['serverless-http', 'serverless-http', 'express and fastify'],
  ['@fastify/aws-lambda', 'aws-lambda', 'fastify'],
  ['TypeORM, entities and @nestjs/typeorm', 'typeorm', 'express and fastify'],
  ['MikroORM, entities with hidden fields', 'mikro-orm', 'express and fastify'],
  ['Drizzle ORM, rows', 'drizzle', 'express and fastify'],
  ['Sequelize, models', 'sequelize', 'express and fastify'],
  ['Prisma, rows with its Decimal', 'prisma', 'express and fastify'],
] as const;

describe.each([11, 12])('combinations on Nest %i', (major) => {
  let consumer: Consumer;

  beforeAll(async () => {
    consumer = await Consumer.install(`nest-${major}-combinations`, { sources: 'combinations' });
    await consumer.tsc('typescript-7', '-p', '.');
  }, 300_000);

  afterAll(async () => {
    await consumer?.remove();
  });

  it.each(combinations)('with %s a session is kept, and a guard refuses', async (_name, file, platforms) => {
    // In development, a process would read the sessions of the previous one.
    const said = await consumer.run(process.execPath, [join('dist', 'main.js'), file], { NODE_ENV: 'test' });
    expect(said).toContain(`passed on ${platforms}\n`);
  });
});
