import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { httpAdapter } from '../shared/http-adapter.js';
import { AppModule } from './app.module.js';
import { usePassport } from './use-passport.js';

const port = Number(process.env['PORT'] ?? 3000);
const app = await NestFactory.create(AppModule, await httpAdapter());
usePassport(app);
app.enableShutdownHooks();
await app.listen(port);
console.log(`Passport: http://localhost:${port}`);
