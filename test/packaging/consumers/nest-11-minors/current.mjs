// Prints, for each platform and each exclusion from the global prefix, the result of SessionsService.current on each
// route.
import 'reflect-metadata';
import { Controller, Get, Inject, Module, RequestMethod } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Session, SessionsModule, SessionsService } from 'nestjs-sessions';

class UserSession {
  name = 'nobody';
}
Session('sid', { tracker: 'by-id' })(UserSession);

class PageController {
  constructor(sessions) {
    this.sessions = sessions;
  }
  async login() {
    (await this.sessions.current.getOrSet(UserSession, () => new UserSession())).name = 'ada';
  }
  async root() {
    return (await this.sessions.current.get(UserSession))?.name ?? 'nobody';
  }
  health() {
    return this.root();
  }
}
Controller()(PageController);
Inject(SessionsService)(PageController, undefined, 0);
for (const [name, path] of [
  ['login', 'login'],
  ['root', '/'],
  ['health', 'health'],
]) {
  Get(path)(PageController.prototype, name, Object.getOwnPropertyDescriptor(PageController.prototype, name));
}

class AppModule {}
Module({
  imports: [SessionsModule.forRoot({ sessions: [UserSession], asyncLocalStorage: true })],
  controllers: [PageController],
})(AppModule);

const seen = [];
for (const Adapter of [ExpressAdapter, FastifyAdapter]) {
  for (const exclude of [[], ['health'], [{ path: '/', method: RequestMethod.GET }]]) {
    const app = await NestFactory.create(AppModule, new Adapter(), { logger: false, abortOnError: false });
    app.setGlobalPrefix('api', { exclude });
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const login = await fetch(`${url}/api/login`);
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const texts = [];
    for (const path of ['/', '/health', '/api', '/api/health']) {
      const answer = await fetch(url + path, { headers: { cookie } });
      if (answer.status !== 404) texts.push(await answer.text());
    }
    seen.push(texts);
    await app.close();
  }
}
console.log(JSON.stringify(seen));
