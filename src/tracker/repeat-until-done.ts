import { setTimeout } from 'node:timers/promises';

const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2000;
/** Milliseconds of pauses: nearly as long as the records that a failed login leaves. */
const GIVE_UP_AFTER = 45_000;

/**
 * Repeats what must still be done after a request has failed, in the background, until the storage takes it. It keeps no
 * process alive.
 * @throws what the last attempt rejected with.
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
