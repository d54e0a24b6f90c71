'use strict';

const { STORAGES } = require('./storages.js');

/** The session class. */
exports.sessionClass = (storage) =>
  storage === 'cookie'
    ? `import { Session } from 'nestjs-sessions';

/** A visitor. Its content travels in the cookie, encrypted. */
@Session('user_session')
export class UserSession {
  userId?: string = undefined;
  visits = 0;
}
`
    : `import { Session, SessionOwner } from 'nestjs-sessions';

/** A visitor. The cookie holds an id; the content is in the storage. */
@Session('user_session', { tracker: 'by-id' })
export class UserSession {
  /** The owner. When it changes, at sign-in and sign-out, the session gets a new id. */
  @SessionOwner() userId?: string = undefined;
  visits = 0;
}
`;

/** The options of the module. A function, so that .env can be loaded before it runs. */
exports.sessionsOptions = (name, suffix) => {
  const { imports, statements, storage } = STORAGES[name];
  const isAsync = statements.some((statement) => statement.startsWith('await '));
  const type = isAsync ? 'Promise<SessionsModuleOptions>' : 'SessionsModuleOptions';
  const lines = [
    ...[...imports, "import type { SessionsModuleOptions } from 'nestjs-sessions';"],
    `import { UserSession } from './user-session${suffix}';`,
    '',
    '/** Options of SessionsModule. SESSION_KEY comes from .env; without it, sessions end with the process. */',
    `export ${isAsync ? 'async ' : ''}function sessionsOptions(): ${type} {`,
    ...statements.map((statement) => `  ${statement}`),
    '  return {',
    '    keys: [process.env.SESSION_KEY],',
    ...(storage ? [`    storage: ${storage},`] : []),
    '    sessions: [UserSession],',
    '  };',
    '}',
    '',
  ];
  return lines.join('\n');
};

/** An e2e test that needs neither the storage nor a key. */
exports.e2eTest = ({ platform, suffix, source, vitest }) => {
  const isFastify = platform === 'fastify';
  return `${vitest ? "import { afterEach, beforeEach, describe, expect, it } from 'vitest';\n" : ''}import { Controller, Get${isFastify ? '' : ', type INestApplication'} } from '@nestjs/common';
${isFastify ? "import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';\n" : ''}import { Test } from '@nestjs/testing';
import { CurrentSession, SESSIONS_MODULE_OPTIONS } from 'nestjs-sessions';
import { sessionCookie, sessionsTestingOptions } from 'nestjs-sessions/testing';
${isFastify ? '' : "import request from 'supertest';\n"}import { AppModule } from '${source}/app.module${suffix}';
import { UserSession } from '${source}/user-session${suffix}';

@Controller('visits')
class VisitsController {
  @Get()
  visit(@CurrentSession(UserSession) session: UserSession) {
    session.visits += 1;
    return { visits: session.visits };
  }
}

describe('sessions (e2e)', () => {
  let app: ${isFastify ? 'NestFastifyApplication' : 'INestApplication'};

  beforeEach(async () => {
    const module = await Test.createTestingModule({ imports: [AppModule], controllers: [VisitsController] })
      .overrideProvider(SESSIONS_MODULE_OPTIONS)
      .useValue(sessionsTestingOptions({ sessions: [UserSession] }))
      .compile();
    app = module.createNestApplication${isFastify ? '<NestFastifyApplication>(new FastifyAdapter())' : '()'};
    await app.init();
  });

  afterEach(() => app.close());

  it('counts visits of a session', async () => {
    const headers = await sessionCookie(app, Object.assign(new UserSession(), { visits: 41 }));
${
  isFastify
    ? `    // Not inject(): Jest before Node 24.9 cannot load a package that it needs.
    await app.listen(0, '127.0.0.1');
    const response = await fetch(\`\${await app.getUrl()}/visits\`, { headers });
    expect(await response.json()).toEqual({ visits: 42 });`
    : `    await request(app.getHttpServer()).get('/visits').set(headers).expect({ visits: 42 });`
}
  });
});
`;
};
