import { jest } from '@jest/globals';
import { ask } from '../support/client.js';
import { platforms } from '../support/platforms.js';

type EvaluatedApp = typeof import('../support/evaluated-app.js');

/** Application, package and Nest, evaluated again. */
async function evaluate(): Promise<EvaluatedApp> {
  jest.resetModules();
  return import('../support/evaluated-app.js');
}

describe.each(platforms)('jest.resetModules() on $name', ({ name }) => {
  it('lets an application start with the classes of each evaluation', async () => {
    const seen = new Set<object>();
    for (let round = 1; round <= 2; round += 1) {
      const { start, EvaluatedSession, SessionsModule } = await evaluate();
      seen.add(EvaluatedSession).add(SessionsModule);
      const running = await start(name);
      const first = await ask(running.url);
      expect([round, first.json()]).toEqual([round, { value: 1, id: 1 }]);
      const cookie = `${first.cookie('evaluated')}; ${first.cookie('evaluated_by_id')}`;
      expect((await ask(running.url, { cookie })).json()).toEqual({ value: 2, id: 2 });
      await running.close();
    }
    expect(seen.size).toBe(4);
  });

  it('does not disturb the previous application', async () => {
    const before = await (await evaluate()).start(name);
    const cookie = (await ask(before.url)).cookie('evaluated');
    const after = await (await evaluate()).start(name);
    expect((await ask(after.url)).json()).toEqual({ value: 1, id: 1 });
    expect((await ask(before.url, { cookie })).json()).toMatchObject({ value: 2 });
    await after.close();
    await before.close();
  });
});
