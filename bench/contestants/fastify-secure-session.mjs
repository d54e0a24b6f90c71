import fastifySecureSession from '@fastify/secure-session';
import { Get, Param, Post, Req } from '@nestjs/common';
import { controllerOf, createApp } from '../lib/nest.mjs';
import { newPlainSession } from '../lib/session-data.mjs';
import { KEY_BYTES } from '../lib/key.mjs';

/** Seals by libsodium, which is native code. */
export const fastifySecureSessionSealed = {
  name: 'fastify-secure-session',
  label: '@fastify/secure-session (sealed)',
  side: 'peer',
  platforms: ['fastify'],
  async start(platform) {
    const controller = controllerOf({
      fill: [
        [Post('fill/:size')],
        [Req(), Param('size')],
        (request, size) => {
          request.session.set('data', newPlainSession(size));
          return { visits: 0 };
        },
      ],
      untouched: [[Get('untouched')], [], () => ({ visits: 0 })],
      read: [[Get('read')], [Req()], (request) => ({ visits: request.session.get('data')?.visits ?? 0 })],
      write: [
        [Get('write')],
        [Req()],
        (request) => {
          const data = request.session.get('data');
          data.visits++;
          request.session.set('data', data);
          return { visits: data.visits };
        },
      ],
    });
    const app = await createApp(platform, controller);
    const cookie = { path: '/', httpOnly: true };
    await app.register(fastifySecureSession, { key: KEY_BYTES, cookieName: 'bench', cookie });
    return app;
  },
};
