import { SessionsService } from 'nestjs-sessions';
import serverless from 'serverless-http';
import { expectHandler, type HttpEvent, type HttpResult } from './lambda.js';
import { create, type Platform } from './support.js';

export async function check(platform: Platform): Promise<void> {
  const app = await create(platform, {});
  await app.init();
  const instance = app.getHttpAdapter().getInstance() as { ready?(): PromiseLike<unknown> };
  await instance.ready?.();
  const handle = serverless(instance as never);
  await expectHandler((event: HttpEvent) => handle(event, {}) as Promise<HttpResult>, app.get(SessionsService));
  await app.close();
}
