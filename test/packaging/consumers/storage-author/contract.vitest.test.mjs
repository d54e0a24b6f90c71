import { sessionStorageContract } from 'nestjs-sessions/testing';
import { describe, it } from 'vitest';
import { Storage } from './storages.mjs';

sessionStorageContract({ describe, it }, () => ({ a: new Storage() }), { capabilities: [] });
