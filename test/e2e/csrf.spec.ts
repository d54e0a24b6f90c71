import { Controller, Get, Post } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ask } from '../support/client.js';
import { runDoc } from '../support/doc-blocks.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Controller()
class PageController {
  @Get() show(): string {
    return 'page';
  }

  @Post() change(): string {
    return 'changed';
  }
}

describe.each(platforms)('the CSRF guard of the documentation, on $name', (platform) => {
  let running: RunningApp;

  beforeAll(async () => {
    const { SameOriginGuard } = await runDoc('docs/csrf.md', 1);
    const providers = [{ provide: APP_GUARD, useClass: SameOriginGuard }];
    running = await startApp(platform, { controllers: [PageController], providers });
  });
  afterAll(() => running.close());

  it.each<[string, string, Record<string, string>, number]>([
    ['GET', 'from another site', { 'sec-fetch-site': 'cross-site' }, 200],
    ['POST', 'from the same origin', { 'sec-fetch-site': 'same-origin' }, 201],
    ['POST', 'that the user typed', { 'sec-fetch-site': 'none' }, 201],
    ['POST', 'from another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['POST', 'from a sibling host', { 'sec-fetch-site': 'same-site' }, 403],
    ['POST', 'of an old browser on another site', { origin: 'https://evil.example' }, 403],
    ['POST', 'of an opaque origin', { origin: 'null' }, 403],
    ['POST', 'of a client that is no browser', {}, 201],
  ])('lets a %s %s through or not', async (method, _what, headers, status) => {
    expect((await ask(running.url, { method: method, headers })).status).toBe(status);
  });
});
