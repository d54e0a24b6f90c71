import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { CurrentSession, Session, SessionsModule } from 'nestjs-sessions';

@Session('evaluated')
class EvaluatedSession {
  visits = 0;
}

@Session('evaluated_by_id', { tracker: 'by-id' })
class EvaluatedByIdSession {
  visits = 0;
}

@Controller()
class EvaluatedController {
  @Get() visit(@CurrentSession() value: EvaluatedSession, @CurrentSession() id: EvaluatedByIdSession) {
    return { value: ++value.visits, id: ++id.visits };
  }
}

@Module({ imports: [SessionsModule.forRoot()], controllers: [EvaluatedController] })
class AppModule {}

export { EvaluatedSession, SessionsModule };

/** Starts an application without the option `sessions`, from a file that is evaluated again. */
export async function start(platform: 'express' | 'fastify'): Promise<{ url: string; close(): Promise<void> }> {
  const options = { logger: false, abortOnError: false } as const;
  const app = await (platform === 'fastify'
    ? NestFactory.create(AppModule, new FastifyAdapter(), options)
    : NestFactory.create(AppModule, options));
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl(), close: () => app.close() };
}
