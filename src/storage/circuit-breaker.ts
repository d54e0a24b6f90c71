const FAILURES_TO_OPEN = 5;
/** Milliseconds without any success before it opens: one reset connection fails many calls at once and is over then. */
const OPEN_AFTER = 500;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15_000;

/**
 * Stops calling something that does not answer. It opens after five failures and half a second without a success, so
 * that neither one event nor what a single client sends can open it. Then nothing passes for a second, and one probe
 * after that; each probe that fails doubles the pause, up to 15 s, and any success closes it. Each pause is up to a
 * quarter shorter by chance, so that many processes do not come back at once.
 */
export class CircuitBreaker {
  readonly #now: () => number;
  readonly #random: () => number;
  #failures = 0;
  #failingSince = 0;
  #succeededAt = Number.NEGATIVE_INFINITY;
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
    if (this.#failures > 0) this.#succeededAt = this.#now();
    this.#failures = 0;
    const wasOpen = this.#pause > 0;
    this.#pause = 0;
    this.#probing = false;
    return wasOpen;
  }

  /**
   * @param lasted milliseconds that the call took before it failed.
   * @returns whether this opened it.
   */
  failed(lasted = 0): boolean {
    if (this.#pause > 0) {
      // While it is open only the probe's result counts; calls from before are known.
      if (!this.#probing) return false;
      this.#probing = false;
      this.#open(Math.min(2 * this.#pause, LONGEST_PAUSE));
      return false;
    }
    const now = this.#now();
    if (this.#failures++ === 0) this.#failingSince = Math.max(now - lasted, this.#succeededAt);
    if (this.#failures < FAILURES_TO_OPEN || now - this.#failingSince < OPEN_AFTER) return false;
    this.#open(FIRST_PAUSE);
    return true;
  }

  #open(pause: number): void {
    this.#pause = pause;
    this.#openUntil = this.#now() + pause * (1 - this.#random() / 4);
  }
}
