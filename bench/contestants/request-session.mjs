import { Get, Param, Post, Req } from '@nestjs/common';
import { controllerOf } from '../lib/nest.mjs';
import { newPlainSession } from '../lib/session-data.mjs';

/** Handlers for all packages that set `request.session`. */
export function requestSessionController() {
  return controllerOf({
    fill: [
      [Post('fill/:size')],
      [Req(), Param('size')],
      (request, size) => {
        Object.assign(request.session, newPlainSession(size));
        return { visits: 0 };
      },
    ],
    untouched: [[Get('untouched')], [], () => ({ visits: 0 })],
    read: [[Get('read')], [Req()], (request) => ({ visits: request.session.visits ?? 0 })],
    write: [[Get('write')], [Req()], (request) => ({ visits: ++request.session.visits })],
  });
}
