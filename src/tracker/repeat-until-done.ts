import { setTimeout } from 'node:timers/promises';

const FIRST_PAUSE_IN_MILLISECONDS = 50;
const MAX_PAUSE_IN_MILLISECONDS = 2000;
/** Just below the lifetime of the records of a failed login. */
const TIMEOUT_IN_MILLISECONDS = 45_000;

/** Retries a clean-up in the background. @throws the last error. */
export async function repeatUntilDone(task: () => Promise<unknown>): Promise<void> {
  let pause = FIRST_PAUSE_IN_MILLISECONDS;
  for (let waited = 0; ; waited += pause, pause = Math.min(pause * 2, MAX_PAUSE_IN_MILLISECONDS)) {
    try {
      await task();
      return;
    } catch (error) {
      if (waited >= TIMEOUT_IN_MILLISECONDS) throw error;
    }
    await setTimeout(pause, undefined, { ref: false });
  }
}
