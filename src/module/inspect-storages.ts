import type { SessionStorage } from '../storage/session-storage.js';

/**
 * Logs problems of storage backends. Failures are ignored, so that the application starts without its storages.
 * @param warn called once per problem.
 */
export async function inspectStorages(
  storages: readonly SessionStorage[],
  warn: (sentence: string) => void,
): Promise<void> {
  const asked = storages.map(async (storage) => (await storage.inspect?.()) ?? []);
  const said = (await Promise.allSettled(asked)).flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  for (const sentence of new Set(said)) warn(sentence);
}
