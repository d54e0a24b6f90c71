import { AppModule } from '../../sample/03-header-api/app.module.js';
import { ApiSession } from '../../sample/03-header-api/api-session.js';
import { endedSession, sessionCookie } from 'nestjs-sessions/testing';
import { platforms, startApp, type RunningApp } from '../support/platforms.js';

describe.each(platforms)('sample 03-header-api on $name', (platform) => {
  let running: RunningApp;

  afterEach(() => running.close());

  beforeEach(async () => {
    running = await startApp(platform, { imports: [AppModule] });
  });

  const call = (path: string, session?: string, body?: object, method = body ? 'POST' : 'GET') =>
    fetch(running.url + path, {
      method,
      headers: {
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(session === undefined ? {} : { 'x-session': session }),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });

  const openSession = async (name = 'Ada'): Promise<string> => {
    const response = await call('/session', undefined, { name });
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ name });
    return response.headers.get('x-session')!;
  };

  it('creates a session whose id is in a header, and sets no cookie', async () => {
    const response = await call('/session', undefined, { name: 'Ada' });
    expect(response.headers.get('x-session')).toMatch(/^[\w-]{43}$/);
    expect(response.headers.get('access-control-expose-headers')).toBe('X-Session');
    expect(response.headers.get('vary')).toContain('X-Session');
    expect(response.headers.getSetCookie()).toEqual([]);
  });

  it('recognizes the session', async () => {
    const session = await openSession();
    const response = await call('/session', session);
    expect(await response.json()).toEqual({ name: 'Ada', notes: 0, requests: 1 });
  });

  it.each(['/session', '/notes'])('answers %s with 401 without a session or with an unknown one', async (path) => {
    expect((await call(path)).status).toBe(401);
    expect((await call(path, 'A'.repeat(43))).status).toBe(401);
  });

  it('accepts a header that a test created, until its session is ended', async () => {
    const grace = Object.assign(new ApiSession(), { name: 'Grace' });
    const headers = await sessionCookie(running.app, grace);
    const known = await fetch(`${running.url}/session`, { headers });
    expect(await known.json()).toMatchObject({ name: 'Grace' });
    const ended = await fetch(`${running.url}/session`, { headers: await endedSession(running.app, grace) });
    expect(ended.status).toBe(401);
  });

  it('stores notes with their time', async () => {
    const session = await openSession();
    expect(await (await call('/notes', session, { text: 'Buy tea' })).json()).toEqual({ notes: 1 });
    const notes = (await (await call('/notes', session)).json()) as Array<{ text: string; writtenAt: string }>;
    expect(notes.map(({ text }) => text)).toEqual(['Buy tea']);
    expect(Date.parse(notes[0]!.writtenAt)).toBeGreaterThan(0);
  });

  it('loses none of many parallel notes', async () => {
    const session = await openSession();
    const texts = Array.from({ length: 12 }, (_, index) => `note ${index}`);
    await Promise.all(texts.map((text) => call('/notes', session, { text })));
    const notes = (await (await call('/notes', session)).json()) as Array<{ text: string }>;
    expect(notes.map(({ text }) => text).sort()).toEqual(texts.sort());
    expect(await (await call('/session', session)).json()).toMatchObject({ notes: 12, requests: 13 });
  });

  it('refuses bad input with 400', async () => {
    const session = await openSession();
    expect((await call('/session', undefined, { name: ' ' })).status).toBe(400);
    expect((await call('/notes', session, { text: 5 })).status).toBe(400);
  });

  it('ends a session permanently', async () => {
    const session = await openSession();
    expect((await call('/session', session, undefined, 'DELETE')).status).toBe(204);
    expect((await call('/session', session)).status).toBe(401);
  });
});
