// Prints whether this ES module application and a CommonJS plugin use the same classes.
import { createRequire } from 'node:module';
import * as imported from 'nestjs-sessions';

const required: Record<string, unknown> = createRequire(import.meta.url)('nestjs-sessions');
console.log(Object.entries(imported).every(([name, value]) => Object.is(required[name], value)));
