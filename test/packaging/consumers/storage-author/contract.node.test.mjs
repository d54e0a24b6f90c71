import { sessionStorageContract } from 'nestjs-sessions/testing';
import { describe, it } from 'node:test';
import { Storage } from './storages.mjs';

sessionStorageContract({ describe, it }, () => ({ a: new Storage() }), { capabilities: [] });
