import { Controller, Get, Render } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import ejs from 'ejs';
import hbs from 'hbs';
import { CurrentSession } from 'nestjs-sessions';
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Browser, expectSessions, start, UserSession, type Platform } from './support.js';

@Controller()
class PageController {
  @Get('ejs') @Render('page.ejs') ejs(@CurrentSession() session: UserSession): object {
    session.visits += 1;
    return { session, later: async (text: string) => text };
  }

  @Get('hbs') @Render('page.hbs') hbs(@CurrentSession() session: UserSession): object {
    session.visits += 1;
    return { session };
  }
}

/** Renders with promises, so the response is sent after the handler. */
const asyncEjs = (path: string, values: object, done: (error: unknown, text?: string) => void): void => {
  void ejs.renderFile(path, values, { async: true }).then((text: string) => done(undefined, text), done);
};

function prepareViews(platform: Platform, app: unknown, templates: string): void {
  if (platform === 'fastify') {
    (app as NestFastifyApplication).setViewEngine({ engine: { ejs }, templates, options: { async: true } });
    return;
  }
  const express = app as NestExpressApplication;
  express.engine('ejs', asyncEjs);
  express.engine('hbs', hbs.__express);
  express.setBaseViewsDir(templates);
}

export async function check(platform: Platform): Promise<void> {
  const templates = mkdtempSync(join(tmpdir(), 'views-'));
  const later = platform === 'express' ? 'await locals.later("seen")' : '"seen"';
  writeFileSync(join(templates, 'page.ejs'), `<p><%= ${later} %> <%= session.visits %></p>`);
  writeFileSync(join(templates, 'page.hbs'), '<p>seen {{session.visits}}</p>');
  const running = await start(platform, {
    controllers: [PageController],
    prepare: (app) => prepareViews(platform, app, templates),
  });
  await expectSessions(running);
  const browser = new Browser(running.url);
  const views = platform === 'express' ? ['ejs', 'hbs'] : ['ejs', 'ejs'];
  for (const [index, view] of views.entries()) {
    assert.equal((await browser.get(`/${view}`)).text, `<p>seen ${index + 1}</p>`);
  }
  assert.equal((await browser.get('/visit')).text, 'visit 3');
  await running.app.close();
  rmSync(templates, { recursive: true });
}
