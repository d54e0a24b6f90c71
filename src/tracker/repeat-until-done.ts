import { setTimeout } from 'node:timers/promises';

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2000;
/** Total milliseconds of pauses: almost as long as the records of a failed login live. */
const GIVE_UP_AFTER = 45_000;

/**
 * Retries the clean-up after a failed request in the background. Does not keep the process alive.
 * @throws the error of the last attempt.
 */
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
