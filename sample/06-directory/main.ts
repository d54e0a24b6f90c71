import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { httpAdapter } from '../shared/http-adapter.js';
import { AppModule } from './app.module.js';

const port = Number(process.env['PORT'] ?? 3000);
const app = await NestFactory.create(AppModule, await httpAdapter());
app.enableShutdownHooks();
await app.listen(port);

console.log(`Visits, in files: http://localhost:${port}

  Stop it, start it again, and it goes on counting.
`);
