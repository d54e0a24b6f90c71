const GRACE_IN_MILLISECONDS = 60_000;
/** Rows that one statement removes: milliseconds, and few locks. */
const BATCH = 500;

/** Removes expired sessions in batches: when asked to, and by the way, at most once in a while. */
export class SqlSweep {
  readonly #removeBatch: (until: number, limit: number) => Promise<number>;
  readonly #every: number;
  readonly #now: () => number;
  readonly #time: () => number | Promise<number>;
  #dueAt: number;
  #running: Promise<unknown> = Promise.resolve();

  /**
   * @param removeBatch removes up to `limit` sessions that expired before `until`, and says how many.
   * @param every milliseconds; 0: never by the way.
   * @param time the clock that sessions expire by. Default `now`.
   */
  constructor(
    removeBatch: (until: number, limit: number) => Promise<number>,
    every: number,
    now: () => number,
    time: () => number | Promise<number> = now,
  ) {
    this.#removeBatch = removeBatch;
    this.#every = every;
    this.#now = now;
    this.#time = time;
    // Spread over the first period, so that processes which start together do not sweep together.
    this.#dueAt = now() + Math.random() * every;
  }

  /** A minute of grace: another process's clock may be late. */
  async run(limit: number): Promise<number> {
    const time = this.#time();
    const until = (typeof time === 'number' ? time : await time) - GRACE_IN_MILLISECONDS;
    for (let removed = 0; ;) {
      const wanted = Math.min(BATCH, limit - removed);
      if (wanted <= 0) return removed;
      const batch = await this.#removeBatch(until, wanted);
      removed += batch;
      if (batch < wanted) return removed;
    }
  }

  /** Sweeps in the background, if that is due. Nobody waits for it: what goes wrong shows where somebody does. */
  runIfDue(): void {
    if (this.#every === 0 || this.#now() < this.#dueAt) return;
    this.#dueAt = this.#now() + this.#every;
    this.#running = this.run(Number.POSITIVE_INFINITY).catch(() => undefined);
  }

  /** Resolves when nothing runs in the background. */
  async idle(): Promise<void> {
    await this.#running;
  }
}
