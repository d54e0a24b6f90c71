import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_IN_MILLISECONDS = 5;
/** Below Jest's timeout, so that the message names the condition. */
const TIMEOUT_IN_MILLISECONDS = 15_000;

/** Waits for what happens in the background. @throws {Error} if `condition` does not hold in time. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + TIMEOUT_IN_MILLISECONDS; performance.now() < end;) {
    if (await condition()) return;
    await sleep(PAUSE_IN_MILLISECONDS);
  }
  throw new Error(`Not in ${TIMEOUT_IN_MILLISECONDS} ms: ${condition.toString()}`);
}
