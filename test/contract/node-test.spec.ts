import { CompiledSources } from './compiled-sources.js';

describe('sessionStorageContract under node:test', () => {
  it('passes a good storage and fails a bad one', async () => {
    const sources = await CompiledSources.of('errors', 'keys', 'memory', 'storage', 'testing');
    try {
      const script = (read: string) => `
          import { describe, it } from 'node:test';
          import { sessionStorageContract } from './testing/session-storage.contract.js';
          import { SessionStorageMemory } from './memory/session-storage-memory.js';
          class MyStorage extends SessionStorageMemory {
            async read(id) { ${read} }
          }
          sessionStorageContract({ describe, it }, async () => ({ a: new MyStorage() }), { sessionsOfOneOwner: 10 });`;
      const good = await sources.start(script('return super.read(id);'), []);
      const bad = await sources.start(script('return undefined;'), []);
      expect(await good.ended()).toBe(0);
      expect(good.output).toMatch(/fail 0\n/);
      expect(good.output).toMatch(/pass (3[5-9]|[4-9]\d)\n/);
      expect(await bad.ended()).toBe(1);
      expect(bad.output).toContain('the session should exist, but reads as absent');
    } finally {
      await sources.remove();
    }
  }, 60_000);
});
