import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { httpAdapter } from '../shared/http-adapter.js';
import { AppModule } from './app.module.js';

const port = Number(process.env['PORT'] ?? 3000);
const app = await NestFactory.create(AppModule, await httpAdapter());
app.enableShutdownHooks();
await app.listen(port);

const address = `http://localhost:${port}/cart`;
console.log(`A cart, in PostgreSQL: ${address}

  curl -b jar -c jar ${address} -H 'Content-Type: application/json' -d '{"product":"tea"}'
  curl -b jar -c jar ${address}
  curl -b jar -c jar ${address} -X DELETE
`);
