// Under vitest and Jest, whose globals are the same here.
import 'reflect-metadata';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { AppModule } from '../src/app.module.js';

let app: INestApplication;
let url: string;

beforeAll(async () => {
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  app = module.createNestApplication();
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});
afterAll(() => app.close());

it('keeps a session over requests', async () => {
  const first = await fetch(url);
  expect(await first.text()).toBe('visit 1');
  const [cookie = ''] = first.headers.getSetCookie();
  const second = await fetch(url, { headers: { cookie: cookie.split(';')[0]! } });
  expect(await second.text()).toBe('visit 2');
});
