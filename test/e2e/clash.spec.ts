import { ConflictException, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { CurrentSession, Session, SessionsModule, SessionStorageMemory, type SessionEvent } from 'nestjs-sessions';
import { ask } from '../support/client.js';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

@Session('doc', {
  tracker: 'by-id',
  onClash: (field) => {
    throw field === 'bug' ? new TypeError('a bug of the application') : new ConflictException(`Edited: ${field}`);
  },
})
class DocSession {
  title = '';
  bug = '';
}

let meanwhile: (() => Promise<unknown>) | undefined;

@Controller()
class AppController {
  @Post(':field/:value') @HttpCode(200) async edit(
    @CurrentSession() session: DocSession,
    @Param('field') field: 'title' | 'bug',
    @Param('value') value: string,
  ) {
    const other = meanwhile;
    meanwhile = undefined;
    await other?.();
    session[field] = value;
  }
  @Get() read(@CurrentSession({ optional: true }) session?: DocSession) {
    return session ?? {};
  }
}

describe.each(platforms)('an error of an onClash function, on $name', (platform) => {
  const events: SessionEvent[] = [];
  let running: RunningApp;
  beforeAll(async () => {
    const storage = new SessionStorageMemory();
    running = await startApp(platform, {
      imports: [SessionsModule.forRoot({ sessions: [DocSession], storage, onEvent: (event) => events.push(event) })],
      controllers: [AppController],
    });
  });
  afterAll(() => running.close());

  it.each([
    ['bug', 500, 'Internal server error'],
    ['title', 409, 'Edited: title'],
  ])('reaches the application, and nothing is stored: %s', async (field, status, message) => {
    const edit = (value: string, cookie?: string) =>
      ask(`${running.url}/${field}/${value}`, { method: 'POST', ...(cookie === undefined ? {} : { cookie }) });
    const cookie = (await edit('first')).cookie('doc');
    meanwhile = () => edit('theirs', cookie);
    events.length = 0;
    const answer = await edit('mine', cookie);
    expect([answer.status, answer.setCookies, answer.headers.get('retry-after')]).toEqual([status, [], null]);
    expect(answer.json()).toMatchObject({ statusCode: status, message });
    expect(events.filter(({ type }) => type === 'unavailable')).toEqual([]);
    expect((await ask(running.url, { cookie })).json()).toMatchObject({ [field]: 'theirs' });
  });
});
