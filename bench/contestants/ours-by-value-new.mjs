import { KeyRing, SessionTransportTransformerSeal } from '../lib/package-under-test.mjs';
import { KEY } from '../lib/key.mjs';
import { startOurs } from './ours.mjs';

/** Without the cache of opened values. */
export const oursByValueNew = {
  name: 'by-value-new',
  label: 'nestjs-sessions, by value, sealed, opened each time',
  side: 'ours',
  platforms: ['fastify', 'express'],
  start: (platform) => {
    const binding = { name: 'bench', transport: 'cookie' };
    const seal = new SessionTransportTransformerSeal(new KeyRing(KEY), binding, { rememberForSeconds: 0 });
    return startOurs(platform, { transformers: [seal] });
  },
};
