import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppModule } from '../../sample/06-directory/app.module.js';
import { ask, type Answer } from '../support/client.js';
import { platforms, startApp } from '../support/platforms.js';

describe.each(platforms)('sample 06-directory on $name', (platform) => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sample-directory-'));
    process.env['SESSIONS_DIRECTORY'] = directory;
  });

  afterEach(() => {
    delete process.env['SESSIONS_DIRECTORY'];
    rmSync(directory, { recursive: true, force: true });
  });

  /** Starts the sample, visits it once for each cookie, one after the other, and stops it. */
  async function visit(...cookies: ReadonlyArray<string | undefined>): Promise<Answer[]> {
    const running = await startApp(platform, { imports: [AppModule] });
    const answers: Answer[] = [];
    for (const cookie of cookies) answers.push(await ask(running.url, { cookie }));
    await running.close();
    return answers;
  }

  const visitsOf = (answers: readonly Answer[]): number[] =>
    answers.map((answer) => answer.json<{ visits: number }>().visits);

  it('continues to count after a restart', async () => {
    const [first] = await visit(undefined);
    const cookie = first!.cookie('visits');
    expect(cookie).toMatch(/^visits=[\w-]{43}$/);

    const later = await visit(cookie, cookie);
    expect(visitsOf([first!, ...later])).toEqual([1, 2, 3]);
    const { firstAt } = first!.json<{ firstAt: string }>();
    expect(later[1]!.json()).toEqual({ visits: 3, firstAt });
  });

  it('counts the visits of each browser', async () => {
    const [first] = await visit(undefined);
    expect(visitsOf(await visit(first!.cookie('visits'), undefined))).toEqual([2, 1]);
  });

  it('starts again in another directory', async () => {
    const [first] = await visit(undefined);
    process.env['SESSIONS_DIRECTORY'] = join(directory, 'another');
    expect(visitsOf(await visit(first!.cookie('visits')))).toEqual([1]);
  });

  it('loses no parallel visit', async () => {
    const [first] = await visit(undefined);
    const cookie = first!.cookie('visits');
    const running = await startApp(platform, { imports: [AppModule] });
    await Promise.all(Array.from({ length: 5 }, () => ask(running.url, { cookie })));
    await running.close();
    expect(visitsOf(await visit(cookie))).toEqual([7]);
  });
});
