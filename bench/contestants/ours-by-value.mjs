import { startOurs } from './ours.mjs';

export const oursByValue = {
  name: 'by-value',
  label: 'nestjs-sessions, by value, sealed',
  side: 'ours',
  platforms: ['fastify', 'express'],
  start: (platform) => startOurs(platform, {}),
};
