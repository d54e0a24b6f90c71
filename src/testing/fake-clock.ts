interface FakeTimer {
  readonly at: number;
  readonly run: () => void;
}

/**
 * A clock that moves only when told to. Hand {@link now} to whatever takes a `now` option, and {@link startTimer} to
 * what takes a timer.
 */
export class FakeClock {
  #now: number;
  #timers: FakeTimer[] = [];

  /** @param now epoch milliseconds at which it stands first. Default: the present moment. */
  constructor(now: number = Date.now()) {
    this.#now = now;
  }

  /** Epoch milliseconds. Bound: can be handed on as it is. */
  readonly now = (): number => this.#now;

  /** Calls `run` once, when the clock has been moved on by `milliseconds`. */
  readonly startTimer = (run: () => void, milliseconds: number): void => {
    this.#timers.push({ at: this.#now + milliseconds, run });
  };

  /** Moves the clock, and runs the timers on the way in their order. A negative number sets it back. */
  advance(milliseconds: number): void {
    const until = this.#now + milliseconds;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= until).sort((left, right) => left.at - right.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
    }
    this.#now = until;
  }
}
