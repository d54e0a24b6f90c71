import { Get, Param, Post } from '@nestjs/common';
import { CurrentSession, Sessions, SessionsModule } from '../lib/package-under-test.mjs';
import { controllerOf, createApp } from '../lib/nest.mjs';
import { BenchSession, newSession } from '../lib/session-data.mjs';
import { KEY } from '../lib/key.mjs';

/** An application with one session of this package; the variants differ only in `registration`. */
export function startOurs(platform, registration) {
  const controller = controllerOf({
    fill: [
      [Post('fill/:size')],
      [Sessions(), Param('size')],
      (sessions, size) => {
        sessions.set(newSession(size));
        return { visits: 0 };
      },
    ],
    untouched: [[Get('untouched')], [], () => ({ visits: 0 })],
    read: [[Get('read')], [CurrentSession(BenchSession)], (session) => ({ visits: session.visits })],
    write: [[Get('write')], [CurrentSession(BenchSession)], (session) => ({ visits: ++session.visits })],
  });
  const sessions = [{ type: BenchSession, name: 'bench', ...registration }];
  return createApp(platform, controller, [SessionsModule.forRoot({ keys: [KEY], sessions })]);
}
