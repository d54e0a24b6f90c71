import fastifyMultipart from '@fastify/multipart';
import { Controller, Post, Req, UploadedFile, UseInterceptors } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { CurrentSession, RequireSession } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { Browser, expectSessions, start, UserSession, type Platform } from './support.js';

@Controller()
class ExpressUploads {
  @Post('upload')
  @RequireSession(UserSession)
  @UseInterceptors(FileInterceptor('file'))
  upload(@UploadedFile() file: { readonly size: number }, @CurrentSession() session: UserSession): string {
    session.visits += 1;
    return `${file.size} ${session.visits}`;
  }
}

interface MultipartRequest {
  file(): Promise<{ toBuffer(): Promise<Buffer> } | undefined>;
}

@Controller()
class FastifyUploads {
  @Post('upload')
  @RequireSession(UserSession)
  async upload(@Req() request: MultipartRequest, @CurrentSession() session: UserSession): Promise<string> {
    const bytes = await (await request.file())!.toBuffer();
    session.visits += 1;
    return `${bytes.length} ${session.visits}`;
  }
}

export async function check(platform: Platform): Promise<void> {
  const running = await start(platform, {
    controllers: [platform === 'express' ? ExpressUploads : FastifyUploads],
    prepare: (app) => platform === 'fastify' && (app as NestFastifyApplication).register(fastifyMultipart),
  });
  await expectSessions(running);
  const form = (): FormData => {
    const data = new FormData();
    data.append('file', new Blob([new Uint8Array(300_000)]), 'file.bin');
    return data;
  };
  const browser = new Browser(running.url);
  assert.equal((await browser.post('/upload', form())).status, 401);
  await browser.post('/login');
  for (const count of [1, 2]) assert.equal((await browser.post('/upload', form())).text, `300000 ${count}`);
  assert.equal((await browser.get('/visit')).text, 'visit 3');
  await running.app.close();
}
