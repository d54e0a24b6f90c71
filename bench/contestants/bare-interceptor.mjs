import { Get, Param, Post, UseInterceptors } from '@nestjs/common';
import { controllerOf, createApp } from '../lib/nest.mjs';

const answer = () => ({ visits: 0 });

class DoesNothing {
  intercept(_context, next) {
    return next.handle();
  }
}

/** NestJS with an empty interceptor, to measure its cost in Nest. */
export const bareInterceptor = {
  name: 'bare-interceptor',
  label: 'NestJS with an interceptor that does nothing',
  side: 'bare',
  platforms: ['fastify'],
  start: (platform) =>
    createApp(
      platform,
      controllerOf({
        fill: [[Post('fill/:size')], [Param('size')], answer],
        untouched: [[Get('untouched')], [], answer],
        read: [[UseInterceptors(DoesNothing), Get('read')], [], answer],
        write: [[UseInterceptors(DoesNothing), Get('write')], [], answer],
      }),
    ),
};
