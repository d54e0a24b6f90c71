interface FakeTimer {
  readonly at: number;
  readonly run: () => void;
}

/** A manual clock. */
export class FakeClock {
  #now: number;
  #timers: FakeTimer[] = [];

  /** @param now epoch milliseconds. Default: the current time. */
  constructor(now: number = Date.now()) {
    this.#now = now;
  }

  /** For the option `now`. */
  readonly now = (): number => this.#now;

  /** Calls `run` once, after `milliseconds`. */
  readonly startTimer = (run: () => void, milliseconds: number): void => {
    this.#timers.push({ at: this.#now + milliseconds, run });
  };

  /** Moves the clock and runs due timers in order. A negative number moves it back. */
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
