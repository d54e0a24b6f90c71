import { Get, Param, Post } from '@nestjs/common';
import { controllerOf, createApp } from '../lib/nest.mjs';

const answer = () => ({ visits: 0 });

/** NestJS without sessions: the baseline. */
export const bare = {
  name: 'bare',
  label: 'NestJS alone',
  side: 'bare',
  platforms: ['fastify', 'express'],
  start: (platform) =>
    createApp(
      platform,
      controllerOf({
        fill: [[Post('fill/:size')], [Param('size')], answer],
        untouched: [[Get('untouched')], [], answer],
        read: [[Get('read')], [], answer],
        write: [[Get('write')], [], answer],
      }),
    ),
};
