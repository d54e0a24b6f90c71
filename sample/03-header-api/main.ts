import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { httpAdapter } from '../shared/http-adapter.js';
import { AppModule } from './app.module.js';

const port = Number(process.env['PORT'] ?? 3000);
const app = await NestFactory.create(AppModule, await httpAdapter());
app.enableShutdownHooks();
await app.listen(port);

const address = `http://localhost:${port}`;
console.log(`Header API: ${address}

  curl -i ${address}/session -H 'Content-Type: application/json' -d '{"name":"Ada"}'
  curl ${address}/notes -H 'X-Session: …' -H 'Content-Type: application/json' -d '{"text":"Buy tea"}'
  curl ${address}/notes -H 'X-Session: …'
  curl ${address}/session -H 'X-Session: …' -X DELETE
`);
