import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { httpAdapter } from '../shared/http-adapter.js';
import { AppModule } from './app.module.js';

const port = Number(process.env['PORT'] ?? 3000);
const app = await NestFactory.create(AppModule, await httpAdapter());
app.enableShutdownHooks();
await app.listen(port);

const address = `http://localhost:${port}`;
console.log(`Sessions of a Ktor server: ${address}

  ${address}/login            a client session, signed and encrypted
  ${address}/cart/login       a server session, in the directory .sessions
  curl -i ${address}/header-cart/login
  curl ${address}/header-cart -H 'cart_header: …'
`);
