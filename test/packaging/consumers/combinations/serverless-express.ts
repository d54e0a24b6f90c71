import { configure } from '@codegenie/serverless-express';
import { SessionsService } from 'nestjs-sessions';
import { expectHandler, type HttpEvent, type HttpResult } from './lambda.js';
import { create, type Platform } from './support.js';

export const platforms: readonly Platform[] = ['express'];

export async function check(platform: Platform): Promise<void> {
  const app = await create(platform, {});
  await app.init();
  const handle = configure({ app: app.getHttpAdapter().getInstance() as never });
  const invoke = (event: HttpEvent): Promise<HttpResult> =>
    handle(event, {} as never, () => {}) as unknown as Promise<HttpResult>;
  await expectHandler(invoke, app.get(SessionsService));
  await app.close();
}
