import { setTimeout } from 'node:timers/promises';

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2000;
/** Just below the lifetime of the records of a failed login. */
const GIVE_UP_AFTER = 45_000;

/** Retries a clean-up in the background. @throws the last error. */
export async function repeatUntilDone(task: () => Promise<unknown>): Promise<void> {
  let pause = FIRST_PAUSE;
  for (let waited = 0; ; waited += pause, pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      await task();
      return;
    } catch (error) {
      if (waited >= GIVE_UP_AFTER) throw error;
    }
    await setTimeout(pause, undefined, { ref: false });
  }
}
