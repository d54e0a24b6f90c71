import awsLambdaFastify from '@fastify/aws-lambda';
import { SessionsService } from 'nestjs-sessions';
import { expectHandler, type HttpEvent, type HttpResult } from './lambda.js';
import { create, type Platform } from './support.js';

export const platforms: readonly Platform[] = ['fastify'];

export async function check(platform: Platform): Promise<void> {
  const app = await create(platform, {});
  await app.init();
  const handle = awsLambdaFastify(app.getHttpAdapter().getInstance() as never);
  await app.getHttpAdapter().getInstance().ready();
  await expectHandler(
    (event: HttpEvent) => handle(event as never, {} as never) as Promise<HttpResult>,
    app.get(SessionsService),
  );
  await app.close();
}
