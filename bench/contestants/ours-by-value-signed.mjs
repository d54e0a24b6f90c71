import { SessionTransportTransformerMessageAuthentication } from '../lib/package-under-test.mjs';
import { startOurs } from './ours.mjs';
import { KEY_BYTES } from '../lib/key.mjs';

export const oursByValueSigned = {
  name: 'by-value-signed',
  label: 'nestjs-sessions, by value, signed',
  side: 'ours',
  platforms: ['fastify', 'express'],
  start: (platform) =>
    startOurs(platform, {
      // Percent-encoded, the large session would not fit into a cookie.
      cookie: { encoding: 'base64' },
      transformers: [new SessionTransportTransformerMessageAuthentication(KEY_BYTES, 'HmacSHA256')],
    }),
};
