export type StartTimer = (run: () => void, milliseconds: number) => void;

interface Waiting {
  readonly deadline: number;
  readonly expire: () => void;
  previous: Waiting | undefined;
  next: Waiting | undefined;
  over: boolean;
}

/** One timer for all deadlines. */
export class DeadlineQueue {
  readonly #timeout: number;
  readonly #now: () => number;
  readonly #startTimer: StartTimer;
  #first: Waiting | undefined;
  #last: Waiting | undefined;
  #ticking = false;

  constructor(timeoutInMilliseconds: number, now: () => number, startTimer: StartTimer) {
    this.#timeout = timeoutInMilliseconds;
    this.#now = now;
    this.#startTimer = startTimer;
  }

  add(expire: () => void): object {
    const waiting: Waiting = {
      deadline: this.#now() + this.#timeout,
      expire,
      previous: this.#last,
      next: undefined,
      over: false,
    };
    if (this.#last) this.#last.next = waiting;
    else this.#first = waiting;
    this.#last = waiting;
    if (!this.#ticking) this.#tickAfter(this.#timeout);
    return waiting;
  }

  release(ticket: object): boolean {
    const waiting = ticket as Waiting;
    if (waiting.over) return false;
    waiting.over = true;
    const { previous, next } = waiting;
    if (previous) previous.next = next;
    else this.#first = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    return true;
  }

  readonly #tick = (): void => {
    this.#ticking = false;
    const now = this.#now() + 1;
    while (this.#first && this.#first.deadline <= now) {
      const { expire } = this.#first;
      this.release(this.#first);
      expire();
    }
    if (this.#first && !this.#ticking) this.#tickAfter(Math.max(1, this.#first.deadline - this.#now()));
  };

  #tickAfter(milliseconds: number): void {
    this.#ticking = true;
    this.#startTimer(this.#tick, milliseconds);
  }
}

/** Runs after pending I/O, so that results that have arrived count. */
export function startUnrefTimer(run: () => void, milliseconds: number): void {
  setTimeout(() => setImmediate(run), milliseconds).unref();
}
