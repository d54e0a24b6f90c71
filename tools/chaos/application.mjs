// One process of the application: by-id sessions with an owner, started by chaos.mjs.
import 'reflect-metadata';

const settings = JSON.parse(process.argv[2]);
if (settings.skew) {
  const now = Date.now.bind(Date);
  Date.now = () => now() + settings.skew;
}
const { Controller, Get, Inject, Module, Post, Query, UnauthorizedException } = await import('@nestjs/common');
const { NestFactory } = await import('@nestjs/core');
const { FastifyAdapter } = await import('@nestjs/platform-fastify');
const { CurrentSession, Session, SessionOwner, Sessions, SessionsModule, SessionsService } =
  await import('nestjs-sessions');
const { openStorage } = await import('./storages.mjs');

class Visit {
  owner = undefined;
  tag = '';
  marks = [];
}
SessionOwner()(Visit.prototype, 'owner');
Session('visit', { tracker: 'by-id', maxPerOwner: settings.limit, onClash: 'reject' })(Visit);

class VisitController {
  constructor(service) {
    this.service = service;
  }
  me(visit) {
    return visit ? { ...visit } : { anonymous: true };
  }
  begin(visit, tag) {
    visit.tag = tag;
    return {};
  }
  mark(visit, mark) {
    if (!visit) throw new UnauthorizedException();
    visit.marks.push(mark);
    return {};
  }
  async update(visit, sessions, mark) {
    if (!visit) throw new UnauthorizedException();
    await sessions.update(Visit, (present) => {
      present.marks.push(mark);
    });
    return {};
  }
  login(visit, owner, tag) {
    visit.owner = owner;
    visit.tag = tag;
    return {};
  }
  async regenerate(sessions) {
    await sessions.regenerate(Visit);
    return {};
  }
  logout(sessions) {
    sessions.clear(Visit);
    return {};
  }
  async list(owner) {
    const found = await this.service.list(Visit, owner);
    return found.map(({ session, expiresAt }) => ({ tag: session.tag, expiresAt: expiresAt.getTime() }));
  }
  async revokeAll(owner) {
    return { ended: await this.service.revokeAll(Visit, owner) };
  }
}

function route(method, verb, ...parameters) {
  const { prototype } = VisitController;
  for (const [index, decorate] of parameters.entries()) decorate(prototype, method, index);
  verb(method)(prototype, method, Object.getOwnPropertyDescriptor(prototype, method));
}
const optional = CurrentSession(Visit, { optional: true });
const visit = CurrentSession(Visit);
Inject(SessionsService)(VisitController, undefined, 0);
route('me', Get, optional);
route('begin', Post, visit, Query('tag'));
route('mark', Post, optional, Query('mark'));
route('update', Post, optional, Sessions(), Query('mark'));
route('login', Post, visit, Query('owner'), Query('tag'));
route('regenerate', Post, Sessions());
route('logout', Post, Sessions());
route('list', Get, Query('owner'));
route('revokeAll', Post, Query('owner'));
Controller()(VisitController);

class AppModule {}
const storage = await openStorage(settings.storage, settings.where);
Module({
  imports: [SessionsModule.forRoot({ keys: settings.key, sessions: [Visit], storage, cookie: { secure: false } })],
  controllers: [VisitController],
})(AppModule);

const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
process.on('disconnect', () => process.exit());
process.send({ port: app.getHttpServer().address().port });
