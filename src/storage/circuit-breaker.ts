const FAILURES_TO_OPEN = 5;
/** One reset connection fails many calls at once. */
const OPEN_AFTER_IN_MILLISECONDS = 500;
const FIRST_PAUSE_IN_MILLISECONDS = 1000;
const MAX_PAUSE_IN_MILLISECONDS = 15_000;

/** Opens after five failures and half a second without success. Pauses double from 1 to 15 s. */
export class CircuitBreaker {
  readonly #now: () => number;
  readonly #random: () => number;
  #failures = 0;
  #failingSince = 0;
  #succeededAt = Number.NEGATIVE_INFINITY;
  #pause = 0;
  #openUntil = 0;
  #probing = false;
  /** A full or read-only backend fails only writes. */
  readonly isOfWrites: boolean;

  constructor(now: () => number, random: () => number, isOfWrites = false) {
    this.#now = now;
    this.#random = random;
    this.isOfWrites = isOfWrites;
  }

  get isOpen(): boolean {
    return this.#pause > 0;
  }

  refusal(): number {
    if (this.#pause === 0) return 0;
    const left = this.#openUntil - this.#now();
    if (left > 0) return left;
    if (this.#probing) return FIRST_PAUSE_IN_MILLISECONDS;
    this.#probing = true;
    return 0;
  }

  succeeded(): void {
    if (this.#failures > 0) this.#succeededAt = this.#now();
    this.#failures = 0;
    this.#pause = 0;
    this.#probing = false;
  }

  /**
   * @param lasted milliseconds.
   * @returns whether this opened it.
   */
  failed(lasted = 0): boolean {
    if (this.#pause > 0) {
      // While open, only the probe counts.
      if (!this.#probing) return false;
      this.#probing = false;
      this.#open(Math.min(2 * this.#pause, MAX_PAUSE_IN_MILLISECONDS));
      return false;
    }
    const now = this.#now();
    if (this.#failures++ === 0) this.#failingSince = Math.max(now - lasted, this.#succeededAt);
    if (this.#failures < FAILURES_TO_OPEN || now - this.#failingSince < OPEN_AFTER_IN_MILLISECONDS) return false;
    this.#open(FIRST_PAUSE_IN_MILLISECONDS);
    return true;
  }

  #open(pause: number): void {
    this.#pause = pause;
    this.#openUntil = this.#now() + pause * (1 - this.#random() / 4);
  }
}
