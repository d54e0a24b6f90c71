import { SessionStorageMemory } from '../lib/package-under-test.mjs';
import { startOurs } from './ours.mjs';

export const oursByIdMemory = {
  name: 'by-id-memory',
  label: 'nestjs-sessions, by id, memory',
  side: 'ours',
  platforms: ['fastify', 'express'],
  start: (platform) => startOurs(platform, { storage: new SessionStorageMemory() }),
};
