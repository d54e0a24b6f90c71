const FAILURES_TO_OPEN = 5;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15_000;

/**
 * Stops asking something that does not answer. Five failures in a row open it: nothing passes for a second. Then one
 * probe passes; if it fails the next pause is twice as long, up to 15 s, and any success closes it. Each pause is up to a
 * quarter shorter by chance, so that many processes do not come back at once.
 */
export class CircuitBreaker {
  readonly #now: () => number;
  readonly #random: () => number;
  #failures = 0;
  #pause = 0;
  #openUntil = 0;
  #probing = false;

  /** @param now a clock that never steps back, milliseconds. */
  constructor(now: () => number, random: () => number) {
    this.#now = now;
    this.#random = random;
  }

  get isOpen(): boolean {
    return this.#pause > 0;
  }

  /** @returns 0 when a call may pass, else milliseconds after which it is worth trying. */
  refusal(): number {
    if (this.#pause === 0) return 0;
    const left = this.#openUntil - this.#now();
    if (left > 0) return left;
    if (this.#probing) return FIRST_PAUSE;
    this.#probing = true;
    return 0;
  }

  /** @returns whether this closed it. */
  succeeded(): boolean {
    this.#failures = 0;
    const wasOpen = this.#pause > 0;
    this.#pause = 0;
    this.#probing = false;
    return wasOpen;
  }

  /** @returns whether this opened it. */
  failed(): boolean {
    if (this.#pause > 0) {
      // While it is open, only the probe's answer is news; calls from before have been counted.
      if (!this.#probing) return false;
      this.#probing = false;
      this.#open(Math.min(2 * this.#pause, LONGEST_PAUSE));
      return false;
    }
    if (++this.#failures < FAILURES_TO_OPEN) return false;
    this.#open(FIRST_PAUSE);
    return true;
  }

  #open(pause: number): void {
    this.#pause = pause;
    this.#openUntil = this.#now() + pause * (1 - this.#random() / 4);
  }
}
