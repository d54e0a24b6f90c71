// Prints whether this ES module application and a CommonJS plugin of it meet the same classes.
import { createRequire } from 'node:module';
import * as imported from 'nestjs-sessions';

const required: typeof imported = createRequire(import.meta.url)('nestjs-sessions');
console.log(required.SessionsModule === imported.SessionsModule && required.SessionError === imported.SessionError);
