import { Get, Param, Post, Req, Res } from '@nestjs/common';
import { getIronSession } from 'iron-session';
import { controllerOf, createApp } from '../lib/nest.mjs';
import { newPlainSession } from '../lib/session-data.mjs';

const OPTIONS = {
  password: 'bTJ5x0zq8Wc1vKf4RaY7uNd2Ls9Ph6Gt',
  cookieName: 'bench',
  cookieOptions: { secure: false },
};

const open = (request, response) => getIronSession(request.raw ?? request, response.raw ?? response, OPTIONS);
const exchange = () => [Req(), Res({ passthrough: true })];

export const ironSession = {
  name: 'iron-session',
  label: 'iron-session (sealed)',
  side: 'peer',
  platforms: ['fastify', 'express'],
  start: (platform) =>
    createApp(
      platform,
      controllerOf({
        fill: [
          [Post('fill/:size')],
          [...exchange(), Param('size')],
          async (request, response, size) => {
            const session = await open(request, response);
            Object.assign(session, newPlainSession(size));
            await session.save();
            return { visits: 0 };
          },
        ],
        untouched: [[Get('untouched')], [], () => ({ visits: 0 })],
        read: [
          [Get('read')],
          exchange(),
          async (request, response) => ({ visits: (await open(request, response)).visits ?? 0 }),
        ],
        write: [
          [Get('write')],
          exchange(),
          async (request, response) => {
            const session = await open(request, response);
            session.visits++;
            await session.save();
            return { visits: session.visits };
          },
        ],
      }),
    ),
};
