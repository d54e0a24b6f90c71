// Usage: node instrumented.cjs <opentelemetry|sentry> <express|fastify>. Prints the status of each route, first for a
// visitor without a session, then for one with it. The instrumentation must be loaded before Nest.
const [, , instrumentation, platform] = process.argv;
let wrapped = false;
if (instrumentation === 'opentelemetry') {
  const { registerInstrumentations } = require('@opentelemetry/instrumentation');
  const { NestInstrumentation } = require('@opentelemetry/instrumentation-nestjs-core');
  registerInstrumentations({ instrumentations: [new NestInstrumentation()] });
} else {
  require('@sentry/nestjs').init({ dsn: 'http://key@127.0.0.1:1/1', tracesSampleRate: 1, transport: silentTransport });
}
require('reflect-metadata');
const { Controller, Get, Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { RouterExecutionContext } = require('@nestjs/core/router/router-execution-context');
const { CurrentSession, Principal, Public, RequireSession, Session, SessionsModule } = require('nestjs-sessions');

wrapped = Boolean(
  RouterExecutionContext.prototype.create.__wrapped ?? RouterExecutionContext.prototype.create.__original,
);

function silentTransport() {
  return { send: async () => ({}), flush: async () => true };
}

class UserSession {
  name = '';
}
Session('user')(UserSession);

class PageController {
  secret() {
    return 'secret';
  }
  validated() {
    return 'secret';
  }
  open() {
    return 'open';
  }
  principal(principal) {
    return principal ? principal.name : 'nobody';
  }
  login(session) {
    session.name = 'ann';
    return 'in';
  }
}

function handler(name, ...decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(PageController.prototype, name);
  for (const decorate of [...decorators, Get(name)]) decorate(PageController.prototype, name, descriptor);
  Object.defineProperty(PageController.prototype, name, descriptor);
}

// Like @Transactional(): another function, without the metadata.
const replaced = (target, property, descriptor) => {
  const inner = descriptor.value;
  descriptor.value = function (...args) {
    return inner.apply(this, args);
  };
};

CurrentSession(UserSession)(PageController.prototype, 'login', 0);
Principal()(PageController.prototype, 'principal', 0);
handler('secret', RequireSession(UserSession));
handler('validated', RequireSession(UserSession, { validate: () => false }), replaced);
handler('open', Public());
handler('principal', RequireSession(UserSession, { optional: true }), replaced);
handler('login', Public());
Controller()(PageController);

class AppModule {}
Module({ imports: [SessionsModule.forRoot({ sessions: [UserSession] })], controllers: [PageController] })(AppModule);

async function main() {
  const adapter = platform === 'fastify' ? [new (require('@nestjs/platform-fastify').FastifyAdapter)()] : [];
  const app = await NestFactory.create(AppModule, ...adapter, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address();
  const ask = (path, cookie) => fetch(`http://127.0.0.1:${port}/${path}`, { headers: cookie ? { cookie } : {} });
  const paths = ['secret', 'validated', 'open', 'principal'];
  const answers = async (cookie) => {
    const found = [];
    for (const path of paths) {
      const answer = await ask(path, cookie);
      found.push(answer.status === 200 ? await answer.text() : answer.status);
    }
    return found;
  };
  const cookie = (await ask('login')).headers.getSetCookie()[0].split(';')[0];
  console.log(JSON.stringify({ wrapped, without: await answers(), with: await answers(cookie) }));
  await app.close();
  process.exit(0);
}

void main();
